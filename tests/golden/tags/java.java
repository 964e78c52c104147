package org.example.yard;

import java.util.List;
import java.util.concurrent.*;
import static java.lang.Math.max;
import static org.example.Rails.*;

/**
 * One wagon.
 *
 * @author Ada
 */
@Deprecated
public abstract class Wagon<T extends Load> extends Car implements Comparable<Wagon<T>> {
    /** How many wagons a track holds. */
    public static final int CAPACITY = 40;
    private double load, length = 2.0;
    protected final String größe = "𝒳";

    public Wagon(double load) {
        this.load = load;
        int local = 3;
    }

    // What the axles bear.
    @Override
    public double total() throws TooHeavy {
        return max(load, Scale.weigh(this));
    }

    public abstract <R> R accept(
        Visitor<R> visitor,
        int depth
    );

    @Override
    public int compareTo(Wagon<T> other) { return Double.compare(total(), other.total()); }

    static class Axle {
        int wheels;
    }
}

/** What can be loaded. */
sealed interface Load permits Coal {
    String UNIT = "t";
    double weight();
    default boolean heavy() { return weight() > 10; }
}

record Coal(double weight, String mine) implements Load {
    Coal { Objects.requireNonNull(mine); }
}

enum Direction {
    LEFT, RIGHT(90);

    private final int degrees;
    Direction(int degrees) { this.degrees = degrees; }
}

@interface Sealed {
    int level() default 1;
}
