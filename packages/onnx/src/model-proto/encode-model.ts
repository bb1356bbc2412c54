import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { DType } from "@detectron-ts/tensor";
import { ModelSizeError } from "../errors.ts";
import type {
  Attribute,
  Initializer,
  ModelGraph,
  OnnxNode,
  Subgraph,
  TensorValue,
  ValueInfo,
} from "./model.ts";

// Field numbers and enum values below are those of onnx.proto.

const IR_VERSION = 10;

/** Operator sets a model may use. */
const OPERATOR_SETS = [
  { domain: "", version: 21 },
  { domain: "com.microsoft", version: 1 },
] as const;

const MODEL_GRAPH = 7;
const GRAPH_INITIALIZER = 5;
const TENSOR_RAW_DATA = 9;

/** TensorProto.DataType of each dtype. */
export const DATA_TYPE: Readonly<Record<DType, number>> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
};

const ATTRIBUTE_TYPE = { float: 1, int: 2, string: 3, tensor: 4, graph: 5, ints: 7 } as const;

/** Protobuf counts a message's bytes in an int32. */
const MAX_MODEL_BYTES = 2 ** 31 - 1;

function writeMessage(
  writer: BinaryWriter,
  field: number,
  body: (writer: BinaryWriter) => void,
): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  body(writer);
  writer.join();
}

function writeString(writer: BinaryWriter, field: number, value: string): void {
  writer.tag(field, WireType.LengthDelimited).string(value);
}

function writeInt(writer: BinaryWriter, field: number, value: number): void {
  writer.tag(field, WireType.Varint).int64(value);
}

function writeTensorHeader(
  writer: BinaryWriter,
  { dtype, shape }: TensorValue,
  name: string,
): void {
  for (const side of shape) writeInt(writer, 1, side);
  writeInt(writer, 2, DATA_TYPE[dtype]);
  if (name !== "") writeString(writer, 8, name);
}

function writeTensor(writer: BinaryWriter, value: TensorValue, name: string): void {
  writeTensorHeader(writer, value, name);
  writer.tag(TENSOR_RAW_DATA, WireType.LengthDelimited).bytes(value.bytes);
}

function writeAttribute(writer: BinaryWriter, name: string, value: Attribute): void {
  writeString(writer, 1, name);
  if ("float" in value) {
    writer.tag(2, WireType.Bit32).float(value.float);
    writeInt(writer, 20, ATTRIBUTE_TYPE.float);
  } else if ("int" in value) {
    writeInt(writer, 3, value.int);
    writeInt(writer, 20, ATTRIBUTE_TYPE.int);
  } else if ("string" in value) {
    writeString(writer, 4, value.string);
    writeInt(writer, 20, ATTRIBUTE_TYPE.string);
  } else if ("tensor" in value) {
    writeMessage(writer, 5, (inner) => writeTensor(inner, value.tensor, ""));
    writeInt(writer, 20, ATTRIBUTE_TYPE.tensor);
  } else if ("graph" in value) {
    writeMessage(writer, 6, (inner) => writeSubgraph(inner, name, value.graph));
    writeInt(writer, 20, ATTRIBUTE_TYPE.graph);
  } else {
    for (const each of value.ints) writeInt(writer, 8, each);
    writeInt(writer, 20, ATTRIBUTE_TYPE.ints);
  }
}

function writeNode(writer: BinaryWriter, node: OnnxNode): void {
  for (const input of node.inputs) writeString(writer, 1, input);
  for (const output of node.outputs) writeString(writer, 2, output);
  writeString(writer, 3, node.name);
  writeString(writer, 4, node.opType);
  for (const [name, value] of Object.entries(node.attributes)) {
    writeMessage(writer, 5, (inner) => writeAttribute(inner, name, value));
  }
  if (node.domain !== "") writeString(writer, 7, node.domain);
}

function writeShape(writer: BinaryWriter, dims: ValueInfo["dims"]): void {
  for (const dim of dims) {
    writeMessage(writer, 1, (inner) => {
      if (typeof dim === "number") writeInt(inner, 1, dim);
      else writeString(inner, 2, dim);
    });
  }
}

function writeValueInfo(writer: BinaryWriter, { name, dtype, dims }: ValueInfo): void {
  writeString(writer, 1, name);
  writeMessage(writer, 2, (type) => {
    writeMessage(type, 1, (tensorType) => {
      writeInt(tensorType, 1, DATA_TYPE[dtype]);
      writeMessage(tensorType, 2, (shape) => writeShape(shape, dims));
    });
  });
}

function writeSubgraph(writer: BinaryWriter, name: string, graph: Subgraph): void {
  for (const node of graph.nodes) writeMessage(writer, 1, (inner) => writeNode(inner, node));
  writeString(writer, 2, name);
  for (const input of graph.inputs)
    writeMessage(writer, 11, (inner) => writeValueInfo(inner, input));
  for (const output of graph.outputs) {
    writeMessage(writer, 12, (inner) => writeValueInfo(inner, output));
  }
}

function writeGraph(writer: BinaryWriter, graph: ModelGraph): void {
  writeSubgraph(writer, "graph", graph);
  for (const constant of graph.constants) {
    writeMessage(writer, GRAPH_INITIALIZER, (inner) => writeTensor(inner, constant, constant.name));
  }
}

/** Everything but the weights. */
function encodeHead(graph: ModelGraph): Uint8Array {
  const writer = new BinaryWriter();
  writeInt(writer, 1, IR_VERSION);
  writeString(writer, 2, "detectron-ts");
  writeMessage(writer, MODEL_GRAPH, (inner) => writeGraph(inner, graph));
  for (const { domain, version } of OPERATOR_SETS) {
    writeMessage(writer, 8, (inner) => {
      writeString(inner, 1, domain);
      writeInt(inner, 2, version);
    });
  }
  return writer.finish();
}

/** Bytes of an initializer's field in a graph, up to its values. */
function encodeWeightPrefix(weight: Initializer): Uint8Array {
  const header = new BinaryWriter();
  writeTensorHeader(header, weight, weight.name);
  header.tag(TENSOR_RAW_DATA, WireType.LengthDelimited).uint32(weight.bytes.byteLength);
  const headerBytes = header.finish();
  return new BinaryWriter()
    .tag(GRAPH_INITIALIZER, WireType.LengthDelimited)
    .uint32(headerBytes.byteLength + weight.bytes.byteLength)
    .raw(headerBytes)
    .finish();
}

/**
 * Encodes an ONNX ModelProto.
 *
 * Weights may be hundreds of megabytes, and a writer of nested messages would copy them once for each
 * level and again whenever its buffer grows. Protobuf has a way around: when an embedded message occurs
 * twice, a reader merges the two, appending repeated fields. So the model is written as
 *
 *     model = head, graph { initializer { header, values } initializer { … } … }
 *
 * where `head` already holds a graph with the nodes, inputs and outputs, and the second occurrence of
 * `graph` adds the weights. Its lengths follow from those of the values and of a few header bytes, so the
 * result is allocated once and every weight copied once, into its place.
 *
 * @throws ModelSizeError when the model would be larger than protobuf allows.
 */
export function encodeModel(graph: ModelGraph): Uint8Array<ArrayBuffer> {
  const head = encodeHead(graph);
  const prefixes = graph.weights.map(encodeWeightPrefix);
  let weightBytes = 0;
  for (const [i, weight] of graph.weights.entries()) {
    weightBytes += prefixes[i]!.byteLength + weight.bytes.byteLength;
  }
  // Checked before the length is written: a varint of 32 bits holds no more than twice the limit.
  if (head.byteLength + weightBytes > MAX_MODEL_BYTES) {
    throw new ModelSizeError(head.byteLength + weightBytes, MAX_MODEL_BYTES);
  }
  const weightsPrefix = new BinaryWriter()
    .tag(MODEL_GRAPH, WireType.LengthDelimited)
    .uint32(weightBytes)
    .finish();

  const bytes = new Uint8Array(head.byteLength + weightsPrefix.byteLength + weightBytes);
  let offset = 0;
  const append = (part: Uint8Array): void => {
    bytes.set(part, offset);
    offset += part.byteLength;
  };
  append(head);
  append(weightsPrefix);
  for (const [i, weight] of graph.weights.entries()) {
    append(prefixes[i]!);
    append(weight.bytes);
  }
  return bytes;
}
