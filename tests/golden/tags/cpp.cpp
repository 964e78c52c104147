// A yard that sorts wagons.
#include <vector>
#include "rails/switch.hpp"
using std::vector;
using namespace rails;

namespace yard {

/// How many wagons a track holds.
constexpr int capacity = 40;

template <typename T>
using Row = std::vector<T>;

/** One wagon. */
template <typename T = double>
class Wagon final : public Car {
public:
    explicit Wagon(T load) : load_(load) {}
    virtual ~Wagon() = default;
    // What the axles bear.
    T total() const noexcept override;
    bool operator<(const Wagon &other) const { return total() < other.total(); }
    static int count;

private:
    T load_{}, length_ = 2;
    struct Axle { int wheels; };
};

enum class Direction : char { Left, Right = 90 };

template <typename T>
T Wagon<T>::total() const noexcept {
    auto local = load_;
    return local;
}

int Switch::degrees(Direction d) { return static_cast<int>(d); }

namespace {
const char *größe = "𝒳";
}

}  // namespace yard

namespace yard::sorting {
/// Sort them.
template <class It>
void sort(It first, It last,
          bool (*by)(const It &, const It &)) {
    auto lighter = [&](auto &a) { return by(a, *first); };
    std::sort(first, last, lighter);
}
}

concept Heavy = requires(auto w) { w.total(); };
