// The part of onnx.proto (ONNX 1.x, IR version 8 and later) that a forward or step graph uses, as a protobufjs
// reflection schema, so that models are read and written without generated code. Fields are written in the
// order of their numbers and repeated fields in the order given: the same model is the same bytes everywhere.
import protobuf from 'protobufjs';

export const ELEMENT_TYPE = { float: 1, int32: 6, int64: 7, string: 8, bool: 9, double: 11 } as const;
export const ATTRIBUTE_TYPE = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  ints: 7,
  strings: 8,
} as const;

export interface AttributeProto {
  name: string;
  type: number;
  f?: number;
  i?: number;
  s?: Uint8Array;
  t?: TensorProto;
  g?: GraphProto;
  floats?: number[];
  ints?: number[];
  strings?: Uint8Array[];
}
export interface NodeProto {
  input: string[];
  output: string[];
  name: string;
  opType: string;
  domain?: string;
  attribute: AttributeProto[];
}
export interface TensorProto {
  name: string;
  dims: number[];
  dataType: number;
  floatData?: number[];
  int32Data?: number[];
  int64Data?: number[];
  doubleData?: number[];
  rawData?: Uint8Array;
  externalData?: object[];
  dataLocation?: number;
}
export interface DimensionProto {
  dimValue?: number;
  dimParam?: string;
}
export interface ValueInfoProto {
  name: string;
  type?: { tensorType?: { elemType: number; shape?: { dim: DimensionProto[] } } };
  metadataProps?: { key: string; value: string }[];
}
export interface GraphProto {
  node: NodeProto[];
  name: string;
  initializer: TensorProto[];
  sparseInitializer?: { values?: TensorProto }[];
  input: ValueInfoProto[];
  output: ValueInfoProto[];
  valueInfo?: ValueInfoProto[];
}
export interface ModelProto {
  irVersion: number;
  opsetImport: { domain?: string; version: number }[];
  producerName?: string;
  producerVersion?: string;
  docString?: string;
  graph: GraphProto;
  metadataProps: { key: string; value: string }[];
}

/** The bytes are not an ONNX model, or not one that this package can read. */
export class OnnxFormatError extends Error {
  override readonly name = 'OnnxFormatError';
}

type Field = { id: number; type: string; rule?: 'repeated'; options?: { packed: boolean } };
const one = (id: number, type: string): Field => ({ id, type });
const many = (id: number, type: string): Field => ({ id, type, rule: 'repeated' });
const packed = (id: number, type: string): Field => ({ ...many(id, type), options: { packed: true } });

const schema = {
  // Zeros that were set explicitly are written, as by the ONNX reference writer.
  edition: 'proto2',
  nested: {
    StringStringEntryProto: { fields: { key: one(1, 'string'), value: one(2, 'string') } },
    OperatorSetIdProto: { fields: { domain: one(1, 'string'), version: one(2, 'int64') } },
    TensorProto: {
      fields: {
        dims: many(1, 'int64'),
        dataType: one(2, 'int32'),
        floatData: packed(4, 'float'),
        int32Data: packed(5, 'int32'),
        int64Data: packed(7, 'int64'),
        name: one(8, 'string'),
        rawData: one(9, 'bytes'),
        doubleData: packed(10, 'double'),
        docString: one(12, 'string'),
        externalData: many(13, 'StringStringEntryProto'),
        dataLocation: one(14, 'int32'),
      },
    },
    SparseTensorProto: { fields: { values: one(1, 'TensorProto') } },
    AttributeProto: {
      fields: {
        name: one(1, 'string'),
        f: one(2, 'float'),
        i: one(3, 'int64'),
        s: one(4, 'bytes'),
        t: one(5, 'TensorProto'),
        g: one(6, 'GraphProto'),
        floats: many(7, 'float'),
        ints: many(8, 'int64'),
        strings: many(9, 'bytes'),
        docString: one(13, 'string'),
        type: one(20, 'int32'),
        refAttrName: one(21, 'string'),
      },
    },
    NodeProto: {
      fields: {
        input: many(1, 'string'),
        output: many(2, 'string'),
        name: one(3, 'string'),
        opType: one(4, 'string'),
        attribute: many(5, 'AttributeProto'),
        docString: one(6, 'string'),
        domain: one(7, 'string'),
      },
    },
    DimensionProto: {
      oneofs: { value: { oneof: ['dimValue', 'dimParam'] } },
      fields: { dimValue: one(1, 'int64'), dimParam: one(2, 'string'), denotation: one(3, 'string') },
    },
    TensorShapeProto: { fields: { dim: many(1, 'DimensionProto') } },
    TensorTypeProto: { fields: { elemType: one(1, 'int32'), shape: one(2, 'TensorShapeProto') } },
    TypeProto: { fields: { tensorType: one(1, 'TensorTypeProto'), denotation: one(6, 'string') } },
    ValueInfoProto: {
      fields: {
        name: one(1, 'string'),
        type: one(2, 'TypeProto'),
        docString: one(3, 'string'),
        metadataProps: many(4, 'StringStringEntryProto'),
      },
    },
    GraphProto: {
      fields: {
        node: many(1, 'NodeProto'),
        name: one(2, 'string'),
        initializer: many(5, 'TensorProto'),
        docString: one(10, 'string'),
        input: many(11, 'ValueInfoProto'),
        output: many(12, 'ValueInfoProto'),
        valueInfo: many(13, 'ValueInfoProto'),
        sparseInitializer: many(15, 'SparseTensorProto'),
      },
    },
    ModelProto: {
      fields: {
        irVersion: one(1, 'int64'),
        producerName: one(2, 'string'),
        producerVersion: one(3, 'string'),
        domain: one(4, 'string'),
        modelVersion: one(5, 'int64'),
        docString: one(6, 'string'),
        graph: one(7, 'GraphProto'),
        opsetImport: many(8, 'OperatorSetIdProto'),
        metadataProps: many(14, 'StringStringEntryProto'),
      },
    },
  },
};
const Model = protobuf.Root.fromJSON(schema).lookupType('ModelProto');

/** ONNX bytes of a model. Equal models give equal bytes. */
export function encodeModel(model: ModelProto): Uint8Array {
  return Model.encode(Model.fromObject(model)).finish();
}

/**
 * The model in ONNX bytes.
 *
 * @throws OnnxFormatError where the bytes are not a protobuf message with a graph.
 */
export function decodeModel(bytes: Uint8Array): ModelProto {
  let object: Partial<ModelProto>;
  try {
    const options = { longs: Number, arrays: true, objects: true } as const;
    object = Model.toObject(Model.decode(bytes), options) as Partial<ModelProto>;
  } catch (cause) {
    throw new OnnxFormatError('these bytes are not an ONNX model', { cause });
  }
  if (object.graph === undefined || object.graph === null || object.graph.node.length === 0) {
    throw new OnnxFormatError('this ONNX model has no graph');
  }
  return object as ModelProto;
}

const notesSchema = {
  nested: {
    Entry: { fields: { key: one(1, 'string'), value: one(2, 'string') } },
    Node: { fields: { notes: many(9, 'Entry') } },
    Graph: { fields: { node: many(1, 'Node') } },
    Model: { fields: { graph: one(7, 'Graph') } },
  },
};
const Notes = protobuf.Root.fromJSON(notesSchema).lookupType('Model');

/**
 * What an exporter noted of each node of the main graph under a key, in file order. `decodeModel` leaves the notes out,
 * so that they are in no file that is written.
 */
export function decodeNodeNotes(bytes: Uint8Array, key: string): (string | undefined)[] {
  const { graph } = Notes.toObject(Notes.decode(bytes), { arrays: true, objects: true }) as {
    graph: { node: { notes: { key: string; value: string }[] }[] };
  };
  return graph.node.map(({ notes }) => notes.find((note) => note.key === key)?.value);
}
