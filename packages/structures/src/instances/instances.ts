import { resolveRows, type RowIndex } from "../arrays/row-index.ts";
import type { ImageSize } from "../boxes/boxes.ts";
import {
  ImageSizeMismatchError,
  LengthMismatchError,
  NoFieldsError,
  ReservedFieldError,
  UnknownFieldError,
} from "../errors.ts";
import { concatFields, fieldLength, selectField, type FieldValue } from "./field.ts";

/** Declares no field. The default of {@link Instances}. */
export type NoFields = Record<never, never>;

type FieldName<Fields> = keyof Fields & string;

/**
 * The members of {@link Instances} besides its fields.
 *
 * Fields live as own accessors of the object, so that `instances.predBoxes` reads as in detectron2 and shows up in a
 * console; {@link set} is what keeps their lengths equal.
 */
class InstancesBase<Fields extends object> {
  /** Height and width of the image the instances belong to. */
  readonly imageSize: ImageSize;
  readonly #values = new Map<string, FieldValue>();

  constructor(imageSize: ImageSize, fields?: Fields) {
    this.imageSize = imageSize;
    for (const [name, value] of Object.entries<FieldValue | undefined>(fields ?? {})) {
      if (value !== undefined) this.set(name, value);
    }
  }

  /**
   * Joins the instances of several images or parts of one, all of the same image size.
   *
   * A list of one gives back that very element. The fields are those of the first element.
   *
   * @throws {@link ImageSizeMismatchError} for an empty list or different image sizes.
   * @throws {@link UnknownFieldError} if a later element lacks a field of the first.
   */
  static cat<Fields extends object>(list: readonly Instances<Fields>[]): Instances<Fields> {
    const [first] = list;
    if (list.length === 1) return first;
    const sizes = list.map(({ imageSize }) => imageSize);
    if (!first || sizes.some(([h, w]) => h !== first.imageSize[0] || w !== first.imageSize[1])) {
      throw new ImageSizeMismatchError(sizes);
    }
    const joined = new InstancesBase<NoFields>(first.imageSize);
    for (const name of Object.keys(first.fields())) {
      joined.set(name, concatFields(list.map((instances) => instances.#value(name))));
    }
    return joined as unknown as Instances<Fields>;
  }

  /**
   * Number of instances.
   *
   * @throws {@link NoFieldsError} before any field is set, when it is not known.
   */
  get length(): number {
    const [value] = this.#values.values();
    if (value === undefined) throw new NoFieldsError();
    return fieldLength(value);
  }

  /**
   * Adds or replaces a field, and returns these same instances, now typed with the field. The first field decides the
   * number of instances.
   *
   * @throws {@link LengthMismatchError} if the value has another number of entries than the fields there are.
   * @throws {@link ReservedFieldError} if the name is that of a member of this class.
   */
  set<Name extends string, Value extends FieldValue>(
    name: Name,
    value: Value,
  ): Instances<Omit<Fields, Name> & { [Field in Name]: Value }> {
    if (name === "imageSize" || name in InstancesBase.prototype) throw new ReservedFieldError(name);
    if (this.#values.size > 0 && fieldLength(value) !== this.length) {
      throw new LengthMismatchError(`Field ${name}`, fieldLength(value), this.length);
    }
    this.#values.set(name, value);
    Object.defineProperty(this, name, {
      configurable: true,
      enumerable: true,
      get: () => this.#value(name),
      set: (replacement: FieldValue) => {
        this.set(name, replacement);
      },
    });
    // The accessor defined above is what the type now says.
    return this as unknown as Instances<Omit<Fields, Name> & { [Field in Name]: Value }>;
  }

  /**
   * The value of a field; the same as the property of that name.
   *
   * @throws {@link UnknownFieldError} if it has been removed or was never set.
   */
  get<Name extends FieldName<Fields>>(name: Name): Fields[Name] {
    return this.#value(name) as Fields[Name];
  }

  /** Whether there is a field of this name. */
  has(name: string): boolean {
    return this.#values.has(name);
  }

  /**
   * Takes a field away, and returns these same instances, typed without it.
   *
   * @throws {@link UnknownFieldError} if there is no such field.
   */
  remove<Name extends FieldName<Fields>>(name: Name): Instances<Omit<Fields, Name>> {
    this.#value(name);
    this.#values.delete(name);
    Reflect.deleteProperty(this, name);
    return this as unknown as Instances<Omit<Fields, Name>>;
  }

  /** All fields, as a plain object. */
  fields(): Fields {
    return Object.fromEntries(this.#values) as Fields;
  }

  /**
   * New instances: the rows of every field that an index means. A single number gives one instance.
   *
   * @throws {@link RowIndexError} | {@link LengthMismatchError} | {@link NoFieldsError}
   */
  select(index: RowIndex): Instances<Fields> {
    const rows = resolveRows(index, this.length);
    const selected = new InstancesBase<NoFields>(this.imageSize);
    for (const [name, value] of this.#values) selected.set(name, selectField(value, rows));
    return selected as unknown as Instances<Fields>;
  }

  toString(): string {
    const [height, width] = this.imageSize;
    const names = [...this.#values.keys()].join(", ");
    const count = this.#values.size === 0 ? "no fields" : `${this.length} of ${names}`;
    return `Instances(${height}×${width}: ${count})`;
  }

  #value(name: string): FieldValue {
    const value = this.#values.get(name);
    if (value === undefined) throw new UnknownFieldError(name, [...this.#values.keys()]);
    return value;
  }
}

/**
 * What is known about the objects of one image: fields with one entry per object, such as `predBoxes` or `scores`,
 * typed by name. Mirrors `detectron2.structures.Instances`.
 *
 * ```ts
 * const instances = new Instances([480, 640], { predBoxes: boxes, scores });
 * instances.predBoxes; // Boxes
 * const withClasses = instances.set("predClasses", classes);
 * const best = withClasses.select({ end: 10 });
 * ```
 */
export type Instances<Fields extends object = NoFields> = InstancesBase<Fields> & Fields;

/** The constructor of {@link Instances}, with its static members. */
export interface InstancesConstructor {
  /**
   * @param imageSize - height and width of the image.
   * @param fields - initial fields; those that are undefined are left out.
   * @throws {@link LengthMismatchError} | {@link ReservedFieldError}
   */
  new <Fields extends { [Name in keyof Fields]: FieldValue | undefined } = NoFields>(
    imageSize: ImageSize,
    fields?: Fields,
  ): Instances<Fields>;
  readonly prototype: InstancesBase<NoFields>;
  cat: typeof InstancesBase.cat;
}

/** See the type of the same name. */
export const Instances = InstancesBase as unknown as InstancesConstructor;
