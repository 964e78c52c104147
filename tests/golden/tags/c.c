/* A yard that sorts wagons. */
#include <stdio.h>
#include "rails/switch.h"

// How many wagons a track holds.
#define CAPACITY 40
#define MAX(a, b) \
    ((a) > (b) ? (a) : (b))

typedef struct wagon wagon_t;
typedef int (*compare_fn)(const wagon_t *, const wagon_t *);

/** One wagon. */
struct wagon {
    double load; /* in tons */
    char *name, code[8];
    struct axle { int wheels; } axles[2];
};

typedef struct {
    wagon_t *first;
} track_t;

enum direction { LEFT, RIGHT = 90 };

union bits {
    unsigned whole;
    unsigned char parts[4];
};

static const char *größe = "𝒳";
extern int engines;
int tracks[CAPACITY], drivers = 3;

double wagon_total(const wagon_t *w);

/*
 * Sort them.
 *
 * The rest says how.
 */
static int
wagon_sort(wagon_t **wagons, size_t count,
           compare_fn by)
{
    int local = count;
    static int calls = 0;
    for (size_t i = 0; i < count; i++)
        printf("%f\n", MAX(wagons[i]->load, wagon_total(wagons[i])));
    return by(wagons[0], wagons[1]) + local;
}

char *wagon_name(wagon_t *w) { return w->name; }
