import React, { useState } from "react";
import { WagonRow } from "./wagon_row";
import "./yard.css";

/** What the board shows. */
interface BoardProps {
  wagons: Wagon[];
  onShunt?: (wagon: Wagon) => void;
}

type Order = "load" | "length";

/** The board over the yard. */
export function Board({ wagons, onShunt }: BoardProps): JSX.Element {
  const [order, setOrder] = useState<Order>("load");
  const sorted = sortBy(wagons, order);
  return (
    <section className="board">
      <h1>Wagons — {sorted.length} 𝒳</h1>
      {sorted.map((wagon) => (
        <WagonRow key={wagon.id} wagon={wagon} onClick={() => onShunt?.(wagon)} />
      ))}
      <Switch.Lever onTurn={() => setOrder("length")} />
    </section>
  );
}

export const Signal: React.FC<{ red: boolean }> = ({ red }) => <i className={red ? "stop" : "go"} />;

export default class Clock extends React.Component {
  state = { now: 0 };

  render() {
    return <time>{this.state.now}</time>;
  }
}
