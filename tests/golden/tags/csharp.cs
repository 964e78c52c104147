// A yard that sorts wagons.
using System;
using System.Collections.Generic;
using static System.Math;
using Rail = Example.Rails.Track;

namespace Example.Yard;

/// <summary>One wagon.</summary>
[Serializable]
public abstract class Wagon<T> : Car, IComparable<Wagon<T>> where T : struct
{
    /// <summary>How many wagons a track holds.</summary>
    public const int Capacity = 40;
    private readonly double _load, _length = 2;

    // What the axles bear.
    public double Total { get; private set; } = 0;
    public string Größe => "𝒳";
    public event EventHandler Tipped;

    public Wagon(double load)
    {
        _load = load;
        var local = 3;
    }

    [Obsolete("so old")]
    public virtual async Task<R> Accept<R>(
        IVisitor<R> visitor,
        int depth = 1)
    {
        bool Fits(int at) => at < Capacity;
        return await visitor.Visit(this, Max(depth, 2));
    }

    public int CompareTo(Wagon<T> other) => Total.CompareTo(other.Total);
    public double this[int at] => at;
    public static bool operator <(Wagon<T> a, Wagon<T> b) => a.Total < b.Total;
}

/* What can be loaded. */
public interface ILoad
{
    double Weight { get; }
    void Tip(Rail onto);
}

public record Coal(double Weight, string Mine) : ILoad;

public struct Axle { public int Wheels; }

public enum Direction { Left, Right = 90 }

public delegate bool Fits(Wagon<int> wagon);
