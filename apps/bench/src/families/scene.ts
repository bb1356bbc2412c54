import { rasterizePolygons } from "@detectron-ts/coco";
import { Generator } from "@detectron-ts/nn";
import ndarray, { type NdArray } from "ndarray";

/** Side of a scene, in pixels. */
export const SCENE_SIZE = 128;

/** What a dart can be. */
export const THING_CLASSES = ["red dart", "blue dart"] as const;

/** What lies behind the darts. */
export const STUFF_CLASSES = ["sky", "sea"] as const;

/** A dart's keypoints, in the order of its corners. */
export const KEYPOINT_NAMES = ["tip", "right_corner", "notch", "left_corner"] as const;

/** Which keypoints change places in a mirror. */
export const KEYPOINT_FLIP_MAP = [["left_corner", "right_corner"]] as const;

/** Corners of a dart that points up, in units of its length. */
const CORNERS = [
  [0, -0.5],
  [0.35, 0.5],
  [0, 0.25],
  [-0.35, 0.5],
] as const;

/** Colours that darts have, by class. */
export const THING_COLORS = [
  [220, 60, 50],
  [60, 70, 220],
] as const;
/** Colours of sky and sea. */
export const STUFF_COLORS = [
  [170, 200, 225],
  [40, 120, 110],
] as const;

/** A dart: an arrowhead of one of two colours. */
export interface Dart {
  readonly categoryId: number;
  /** Tip, right corner, notch, left corner; pixels. */
  readonly polygon: readonly number[];
  /** Centre, width, height in pixels; degrees counter-clockwise, 0 where the tip points up. */
  readonly rotatedBox: readonly [
    x: number,
    y: number,
    width: number,
    height: number,
    angle: number,
  ];
}

/** A made picture of darts over the sea, and all that there is to know of it. */
export interface Scene {
  /** RGB. */
  readonly image: NdArray<Uint8Array>;
  readonly darts: readonly Dart[];
  /** Index into {@link STUFF_CLASSES} for every pixel, those of darts too. */
  readonly stuff: Uint8Array;
  /** The darts' pixels; darts never overlap. */
  readonly masks: readonly Uint8Array[];
}

/** What a scene may hold. */
export interface SceneOptions {
  /** How far darts turn from upright at most, in degrees. */
  readonly maxAngle: number;
  /** How many colours there are, the first ones. */
  readonly numClasses: number;
}

/** Makes a scene; the same for the same seed. */
export function makeScene(seed: number, { maxAngle, numClasses }: SceneOptions): Scene {
  const random = new Generator(seed);
  const stuff = makeStuff(random);
  const darts: Dart[] = [];
  const wanted = 2 + random.nextInt(3);
  for (let attempt = 0; darts.length < wanted && attempt < 200; attempt++) {
    const dart = makeDart(random, maxAngle, numClasses);
    if (darts.every((other) => apart(dart, other))) darts.push(dart);
  }
  const masks = darts.map(({ polygon }) => rasterizePolygons([polygon], [SCENE_SIZE, SCENE_SIZE]));
  return { image: paint(random, stuff, darts, masks), darts, stuff, masks };
}

/** A slanted horizon: above is sky, below is sea. */
function makeStuff(random: Generator): Uint8Array {
  const stuff = new Uint8Array(SCENE_SIZE ** 2);
  const middle = SCENE_SIZE * (0.35 + 0.3 * random.next());
  const slope = 0.4 * (random.next() - 0.5);
  for (let y = 0, i = 0; y < SCENE_SIZE; y++) {
    for (let x = 0; x < SCENE_SIZE; x++, i++) {
      stuff[i] = y > middle + slope * (x - SCENE_SIZE / 2) ? 1 : 0;
    }
  }
  return stuff;
}

function makeDart(random: Generator, maxAngle: number, numClasses: number): Dart {
  const length = 28 + 24 * random.next();
  // Within the image, however it is turned.
  const margin = 0.6 * length;
  const place = (): number => margin + random.next() * (SCENE_SIZE - 2 * margin);
  const [x, y] = [place(), place()];
  const angle = maxAngle * (2 * random.next() - 1);
  // With y pointing down, this turns counter-clockwise on the screen.
  const theta = (angle * Math.PI) / 180;
  const [cos, sin] = [Math.cos(theta), Math.sin(theta)];
  const polygon = CORNERS.flatMap(([u, v]) => [
    x + length * (u * cos + v * sin),
    y + length * (v * cos - u * sin),
  ]);
  return {
    categoryId: random.nextInt(numClasses),
    polygon,
    rotatedBox: [x, y, 0.7 * length, length, angle],
  };
}

/** Whether the circles around two darts don't meet. */
function apart(a: Dart, b: Dart): boolean {
  const [ax, ay, , aLength] = a.rotatedBox;
  const [bx, by, , bLength] = b.rotatedBox;
  return Math.hypot(ax - bx, ay - by) > 0.6 * (aLength + bLength);
}

function paint(
  random: Generator,
  stuff: Uint8Array,
  darts: readonly Dart[],
  masks: readonly Uint8Array[],
): NdArray<Uint8Array> {
  const pixels = new Uint8Array(3 * SCENE_SIZE ** 2);
  for (const [i, label] of stuff.entries()) {
    const dart = masks.findIndex((mask) => mask[i] !== 0);
    const color = dart < 0 ? STUFF_COLORS[label] : THING_COLORS[darts[dart].categoryId];
    const noise = random.nextInt(31) - 15;
    pixels.set(
      color.map((value) => Math.max(0, Math.min(255, value + noise))),
      3 * i,
    );
  }
  return ndarray(pixels, [SCENE_SIZE, SCENE_SIZE, 3]);
}
