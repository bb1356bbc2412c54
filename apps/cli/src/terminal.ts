import picocolors from "picocolors";

/** A stream to print on; `process.stdout` is one. */
export type TextStream = NodeJS.WritableStream & {
  readonly isTTY?: boolean;
  readonly columns?: number;
};

/** Where a command prints; `process` is one. */
export interface Streams {
  /** Results. */
  readonly stdout: TextStream;
  /** Warnings, errors, and how far a download is. */
  readonly stderr: TextStream;
}

/** The functions that colour text, or leave it alone. */
export type Colors = ReturnType<typeof picocolors.createColors>;

/** Prints lines, coloured where the stream shows colours. */
export class Terminal {
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  /** Colours for {@link print}. */
  readonly colors: Colors;
  /** Colours for {@link warn} and {@link fail}. */
  readonly errorColors: Colors;

  constructor({ stdout, stderr }: Streams) {
    this.stdout = stdout;
    this.stderr = stderr;
    this.colors = colorsOf(stdout);
    this.errorColors = colorsOf(stderr);
  }

  print(line = ""): void {
    this.stdout.write(`${line}\n`);
  }

  warn(message: string): void {
    this.stderr.write(`${this.errorColors.yellow("warning:")} ${message}\n`);
  }

  fail(message: string): void {
    this.stderr.write(`${this.errorColors.red("error:")} ${message}\n`);
  }
}

/** A terminal gets colours unless NO_COLOR is set; files and pipes get none unless FORCE_COLOR is. */
function colorsOf({ isTTY = false }: TextStream): Colors {
  const { FORCE_COLOR, NO_COLOR } = process.env;
  return picocolors.createColors(!NO_COLOR && (isTTY || Boolean(FORCE_COLOR)));
}
