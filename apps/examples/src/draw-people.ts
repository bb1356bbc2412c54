/** Street scenes with people, and the mask of each, in the folders of the Penn-Fudan database: data for the tutorial. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeImage } from "@detectron-ts/image";
import { Generator } from "@detectron-ts/nn";
import { type Canvas, createCanvas, type SKRSContext2D } from "@napi-rs/canvas";
import ndarray from "ndarray";

const WIDTH = 240;
const HEIGHT = 180;

/** Someone in a scene; lengths are shares of their height, which is in pixels. */
interface Person {
  readonly x: number;
  readonly feet: number;
  readonly height: number;
  readonly stride: number;
  readonly armSwing: number;
  readonly clothes: Clothes;
}

/** Colours in CSS. */
interface Clothes {
  readonly skin: string;
  readonly hair: string;
  readonly shirt: string;
  readonly trousers: string;
}

const SILHOUETTE: Clothes = { skin: "#fff", hair: "#fff", shirt: "#fff", trousers: "#fff" };

/**
 * Writes `PNGImages/scene-01.png`, `PedMasks/scene-01_mask.png` and so on. A mask has 0 for background, 1 for every pixel
 * of the first person, 2 for the second; whoever stands in front hides the others.
 *
 * @param count How many scenes.
 * @param seed Decides all that is random: the same scenes every time.
 */
export async function drawPeople(folder: string, count: number, seed: number): Promise<void> {
  const random = new Generator(seed);
  await mkdir(join(folder, "PNGImages"), { recursive: true });
  await mkdir(join(folder, "PedMasks"), { recursive: true });
  for (let scene = 1; scene <= count; scene++) {
    const canvas = createCanvas(WIDTH, HEIGHT);
    const context = canvas.getContext("2d");
    drawStreet(context, random);
    const mask = new Uint8Array(WIDTH * HEIGHT);
    // From the back to the front.
    const people = randomPeople(random).sort((a, b) => a.feet - b.feet);
    for (const [i, person] of people.entries()) {
      drawPerson(context, person, person.clothes);
      for (const pixel of silhouette(person)) mask[pixel] = i + 1;
    }
    const name = `scene-${String(scene).padStart(2, "0")}`;
    const image = ndarray(withNoise(canvas, random), [HEIGHT, WIDTH, 3]);
    await writeImage(join(folder, "PNGImages", `${name}.png`), image);
    const masks = ndarray(mask, [HEIGHT, WIDTH]);
    await writeImage(join(folder, "PedMasks", `${name}_mask.png`), masks, { format: "L" });
  }
}

function randomPeople(random: Generator): Person[] {
  const count = 1 + random.nextInt(3);
  return Array.from({ length: count }, (_, i) => ({
    // Each in a part of the street, so that they overlap now and then but don't hide one another.
    x: (WIDTH * (i + between(random, 0.3, 0.7))) / count,
    feet: between(random, 0.8, 0.97) * HEIGHT,
    height: between(random, 75, 130),
    stride: between(random, 0.02, 0.13),
    armSwing: between(random, 0.06, 0.16),
    clothes: {
      skin: hsl(between(random, 18, 32), 45, between(random, 35, 75)),
      hair: hsl(30, 30, between(random, 10, 45)),
      shirt: hsl(between(random, 0, 360), 60, between(random, 30, 70)),
      trousers: hsl(between(random, 200, 250), 35, between(random, 15, 40)),
    },
  }));
}

function drawPerson(context: SKRSContext2D, person: Person, clothes: Clothes): void {
  const { x, feet, height, stride, armSwing } = person;
  const px = (share: number): number => x + share * height;
  const py = (share: number): number => feet - share * height;
  const limb = (color: string, width: number, ...points: readonly [number, number][]): void => {
    context.beginPath();
    for (const [dx, dy] of points) context.lineTo(px(dx), py(dy));
    context.lineCap = "round";
    context.lineJoin = "round";
    context.lineWidth = width * height;
    context.strokeStyle = color;
    context.stroke();
  };
  const head = (color: string, dy: number, radius: number): void => {
    context.beginPath();
    context.arc(px(0), py(dy), radius * height, 0, 2 * Math.PI);
    context.fillStyle = color;
    context.fill();
  };
  limb(clothes.trousers, 0.09, [0.03, 0.48], [0.04 + stride / 2, 0.26], [0.03 + stride, 0.05]);
  limb(clothes.trousers, 0.09, [-0.03, 0.48], [-0.03 - stride / 3, 0.26], [-0.03 - stride, 0.05]);
  limb(clothes.skin, 0.06, [-0.1, 0.76], [-0.12 - armSwing / 3, 0.6], [-0.1 - armSwing, 0.46]);
  limb(clothes.skin, 0.06, [0.1, 0.76], [0.12 + armSwing / 3, 0.6], [0.1 + armSwing, 0.46]);
  limb(clothes.shirt, 0.17, [-0.03, 0.74], [-0.015, 0.53], [0.015, 0.53], [0.03, 0.74]);
  limb(clothes.skin, 0.06, [0, 0.8], [0, 0.88]);
  head(clothes.hair, 0.925, 0.073);
  head(clothes.skin, 0.905, 0.06);
}

/** Indices of the pixels that a person covers for the better part. */
function silhouette(person: Person): number[] {
  const context = createCanvas(WIDTH, HEIGHT).getContext("2d");
  drawPerson(context, person, SILHOUETTE);
  const { data } = context.getImageData(0, 0, WIDTH, HEIGHT);
  return Array.from({ length: WIDTH * HEIGHT }, (_, i) => i).filter((i) => data[4 * i + 3] >= 128);
}

/** Sky, houses, a pavement, trees and lamp posts: upright things that are no people. */
function drawStreet(context: SKRSContext2D, random: Generator): void {
  const horizon = between(random, 0.45, 0.6) * HEIGHT;
  const fill = (color: string, x: number, y: number, width: number, height: number): void => {
    context.fillStyle = color;
    context.fillRect(x, y, width, height);
  };
  fill(hsl(205, 40, between(random, 65, 85)), 0, 0, WIDTH, horizon);
  fill(hsl(between(random, 20, 90), 12, between(random, 45, 65)), 0, horizon, WIDTH, HEIGHT);
  for (let x = 0; x < WIDTH;) {
    const width = between(random, 35, 80);
    const top = between(random, 0.05, 0.35) * HEIGHT;
    fill(hsl(between(random, 0, 60), 25, between(random, 40, 75)), x, top, width, horizon - top);
    for (let wx = x + 6; wx < x + width - 10; wx += 16) {
      for (let wy = top + 6; wy < horizon - 14; wy += 20) fill("#39424e", wx, wy, 8, 11);
    }
    x += width;
  }
  for (let tree = 0; tree < 2; tree++) {
    const x = between(random, 0, WIDTH);
    fill("#5b4634", x - 3, horizon - 35, 6, 40);
    context.fillStyle = hsl(between(random, 90, 130), 35, 35);
    context.beginPath();
    context.arc(x, horizon - 42, between(random, 14, 24), 0, 2 * Math.PI);
    context.fill();
  }
  const post = between(random, 0, WIDTH);
  fill("#30343a", post, horizon - 60, 3, 75);
  fill("#f1e7b0", post - 3, horizon - 68, 9, 9);
}

/** The canvas's pixels in RGB, each a little off, as a camera's are. */
function withNoise(canvas: Canvas, random: Generator): Uint8Array {
  const { data } = canvas.getContext("2d").getImageData(0, 0, WIDTH, HEIGHT);
  const pixels = new Uint8ClampedArray(WIDTH * HEIGHT * 3);
  for (let i = 0; i < WIDTH * HEIGHT; i++) {
    const noise = between(random, -10, 10);
    for (let channel = 0; channel < 3; channel++) {
      pixels[3 * i + channel] = data[4 * i + channel] + noise;
    }
  }
  return new Uint8Array(pixels.buffer);
}

const between = (random: Generator, low: number, high: number): number =>
  low + (high - low) * random.next();

const hsl = (hue: number, saturation: number, lightness: number): string =>
  `hsl(${hue.toFixed(0)} ${saturation}% ${lightness.toFixed(0)}%)`;

// As a program: `draw-people.ts FOLDER` draws scenes to train on and others to test with.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder = "people"] = process.argv.slice(2);
  await drawPeople(join(folder, "train"), 16, 1);
  await drawPeople(join(folder, "test"), 6, 2);
  console.log(`drew 16 scenes in ${join(folder, "train")} and 6 in ${join(folder, "test")}`);
}
