// Shunting in the browser.
import fs, { readFile as read, writeFile } from "node:fs";
import station, * as rails from "./rails.js";
import "./signals.js";
export { Switch, Track as Line } from "./track.js";
export * from "./wagons.js";
const path = require("path");
const { join, resolve: absolute } = require("node:path");

/**
 * How many wagons a track holds.
 * @type {number}
 */
export const CAPACITY = 40;
let [first, second] = [1, 2];
var engines = [], drivers;

/** One wagon. */
export default class Wagon extends rails.Car {
  static count = 0;
  #load = 0;

  constructor(load) {
    super();
    this.#load = load;
    const local = load * 2;
  }

  // What the axles bear.
  get total() {
    return this.#load + Wagon.weight;
  }

  async *parts(of) {
    yield* of;
  }
}

/* Sort them. */
export async function sort(wagons, { by = "load" } = {}) {
  function lighter(one, other) {
    return one.total < other[by];
  }
  return [...wagons].sort(lighter).map((w) => `${w.total} tons`);
}

export const shunt = async (wagon) => {
  const into = (track) => track.push(wagon);
  return import("./lazy.js").then(into);
};

const yard = {
  tracks: [],
  add(track) {
    this.tracks.push(track);
  },
  clear: function () {},
};

exports.turn = function turn(degrees) {
  return degrees % 360;
};
