/** Red, green and blue, 0–255. */
export type Color = readonly [red: number, green: number, blue: number];

/** The turn that spreads any number of hues most evenly: 360° divided by the golden ratio, the other way round. */
const GOLDEN_ANGLE = 137.50776;

/** Lightness steps in OKLCH; neighbours in hue after a few turns then still differ in lightness. */
const LIGHTNESS = [0.7, 0.8, 0.62];

/**
 * The colour of the index-th instance: vivid, far from those of its neighbours in the list, the same in every run.
 */
export function instanceColor(index: number): Color {
  const hue = ((25 + index * GOLDEN_ANGLE) % 360) * (Math.PI / 180);
  return fromOklab(LIGHTNESS[index % LIGHTNESS.length], 0.18 * Math.cos(hue), 0.18 * Math.sin(hue));
}

/** A shade of a class's colour for one of its instances; shades repeat every five instances. */
export function shade([red, green, blue]: Color, index: number): Color {
  const change = ((index * 2) % 5) * 14 - 28;
  return [clampByte(red + change), clampByte(green + change), clampByte(blue + change)];
}

/** Black or white, whichever stands out more from a background, by the contrast ratio of WCAG 2. */
export function textColorOn(background: Color): Color {
  const luminance = relativeLuminance(background);
  const contrastWithWhite = 1.05 / (luminance + 0.05);
  const contrastWithBlack = (luminance + 0.05) / 0.05;
  return contrastWithBlack >= contrastWithWhite ? [0, 0, 0] : [255, 255, 255];
}

/** CSS notation. */
export function css([red, green, blue]: Color, alpha = 1): string {
  return `rgba(${red}, ${green}, ${blue}, ${alpha})`;
}

/** The colour part of the way to white. */
export function lighten(color: Color, amount: number): Color {
  const [red, green, blue] = color.map((value) => clampByte(value + (255 - value) * amount));
  return [red, green, blue];
}

function relativeLuminance(color: Color): number {
  const [red, green, blue] = color.map((byte) => {
    const value = byte / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Oklab to sRGB (Björn Ottosson, "A perceptual color space for image processing"), clipped to the gamut. */
function fromOklab(lightness: number, a: number, b: number): Color {
  const long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const short = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    gammaByte(4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short),
    gammaByte(-1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short),
    gammaByte(-0.0041960863 * long - 0.7034186147 * medium + 1.707614701 * short),
  ];
}

function gammaByte(linear: number): number {
  const value = linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;
  return clampByte(value * 255);
}

function clampByte(value: number): number {
  return Math.min(255, Math.max(0, Math.round(value)));
}
