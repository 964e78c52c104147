// Package yard sorts wagons.
package yard

import "fmt"

import (
	"container/heap"
	rails "example.org/rails/v2"
	. "example.org/signals"
	_ "embed"
)

// Capacity is how many wagons a track holds.
const Capacity = 40

const (
	Left Direction = iota
	Right // the other way
)

var engines, drivers = 3, "größe 𝒳"

// Direction is where a switch points.
type Direction int

// Wagon carries a load.
type Wagon struct {
	*rails.Car
	Load  float64 `json:"load"`
	a, b  int
	Parts []struct{ Name string }
}

type (
	// Loader fills wagons.
	Loader interface {
		Load(w *Wagon) error
		fmt.Stringer
	}
	Wagons[T any] []T
	Alias = Wagon
)

// Total is what the axles bear.
func (w *Wagon) Total() float64 {
	local := w.Load
	return local + weigh(w.Car)
}

func (ws Wagons[T]) Len() int { return len(ws) }

/*
Sort puts the heaviest first.

The rest says how.
*/
func Sort[T any](wagons Wagons[T], by func(a, b T) bool) (sorted Wagons[T], err error) {
	var limit = Capacity
	lighter := func(one T) bool { return by(one, wagons[0]) }
	heap.Init(nil)
	return wagons[:limit], fmt.Errorf("no %v", lighter)
}
