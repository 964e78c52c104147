// Types of the yard.
import type { Rail } from "./rail";
import Switch, { type Track as Line } from "./track";
import path = require("path");
export type { Rail } from "./rail";

/** What a wagon carries. */
export interface Load<T extends Rail = Rail> {
  readonly weight: number;
  label?: string;
  tip(onto: T): void;
}

export type Wagons = ReadonlyArray<Wagon>;

/** Which way a switch points. */
export enum Direction {
  Left = "left",
  Right = "right",
}

declare module "signals" {
  export function ring(times: number): void;
}

export namespace yards {
  export const CAPACITY = 40;
  export function open(name: string): Yard {
    return new Yard(name);
  }
}

abstract class Car {
  abstract length(): number;
}

@sealed
export class Wagon extends Car implements Load {
  static count: number = 0;
  private readonly größe = "𝒳";

  constructor(public weight: number, private next?: Wagon) {
    super();
  }

  // In metres.
  @memo()
  length(): number {
    return this.weight * 2;
  }

  tip(onto: Rail): void;
  tip(onto: Rail, twice?: boolean): void {}
}

export function sort<T extends Load>(
  wagons: T[],
  by: keyof T = "weight",
): T[] {
  const heaviest = (one: T): number => one.weight as number;
  return wagons.sort((a, b) => heaviest(a) - heaviest(b));
}

export const shunt: (wagon: Wagon) => Promise<void> = async (wagon) => {
  await yards.open("north").take<Wagon>(wagon);
};
