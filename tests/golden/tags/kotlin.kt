package org.example.yard

import kotlin.math.max
import org.example.rails.*
import org.example.signals.Signal as Lamp

/** How many wagons a track holds. */
const val CAPACITY = 40
var engines: Int = 3

typealias Wagons = List<Wagon>

/**
 * One wagon.
 */
@Serializable
data class Wagon(val load: Double, private var name: String = "größe 𝒳") : Car(), Comparable<Wagon> {
    // What the axles bear.
    val total: Double
        get() = max(load, weigh())

    constructor(load: Int) : this(load.toDouble())

    override fun compareTo(other: Wagon): Int = total.compareTo(other.total)

    companion object {
        const val UNIT = "t"
        fun empty() = Wagon(0.0)
    }
}

sealed interface Load {
    fun weight(): Double
}

enum class Direction(val degrees: Int) {
    LEFT(0), RIGHT(90);

    fun turned() = degrees % 360
}

object Yard {
    private val tracks = mutableListOf<Track>()

    /** Put it on a track. */
    suspend fun <T : Wagon> shunt(
        wagon: T,
        onto: Int = 0,
    ): Boolean {
        val local = tracks[onto]
        fun fits(one: T) = local.size < CAPACITY
        return fits(wagon) && local.add(wagon)
    }
}

// By load.
fun Wagons.sorted(): Wagons = sortedBy { it.load }
