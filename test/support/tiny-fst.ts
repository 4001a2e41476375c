/** What begins a binary file of OpenFst (fst.h: `kFstMagicNumber`). */
const MAGIC = 2_125_659_606;
const VERSION = 2;
/** `kExpanded | kMutable`, which every vector FST has. */
const PROPERTIES = 3n;

interface Arc {
  readonly from: number;
  readonly input: number;
  readonly output: number;
  readonly weight: number;
  readonly to: number;
}

/**
 * Rules for rewriting text as sherpa-onnx reads them: a binary `StdVectorFst` over bytes of UTF-8, which leaves everything as it
 * is but what stands for something else.
 * @param rules what is rewritten, and how, in one byte.
 */
export function rewritingFst(rules: Readonly<Record<string, string>>): Uint8Array {
  const arcs: Arc[] = [];
  for (let byte = 1; byte < 256; byte++) arcs.push({ from: 0, input: byte, output: byte, weight: 1, to: 0 });
  let states = 1;
  for (const [from, to] of Object.entries(rules)) {
    const bytes = Buffer.from(from);
    for (const [i, input] of bytes.entries()) {
      const isLast = i === bytes.length - 1;
      const output = i === 0 ? to.charCodeAt(0) : 0;
      arcs.push({ from: i === 0 ? 0 : states - 1, input, output, weight: 0, to: isLast ? 0 : states });
      if (!isLast) states++;
    }
  }
  const byState = Array.from({ length: states }, (_, state) =>
    arcs.filter(({ from }) => from === state).sort((a, b) => a.input - b.input),
  );
  const header = [int32(MAGIC), text('vector'), text('standard'), int32(VERSION), int32(0)];
  const counts = [PROPERTIES, 0n, BigInt(states), BigInt(arcs.length)].map(int64);
  const body = byState.flatMap((leaving, state) => [
    float(state === 0 ? 0 : Number.POSITIVE_INFINITY),
    int64(BigInt(leaving.length)),
    ...leaving.flatMap(({ input, output, weight, to }) => [
      int32(input),
      int32(output),
      float(weight),
      int32(to),
    ]),
  ]);

  return Buffer.concat([...header, ...counts, ...body]);
}

function text(value: string): Buffer {
  return Buffer.concat([int32(value.length), Buffer.from(value)]);
}

function int32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32LE(value);

  return buffer;
}

function int64(value: bigint): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigInt64LE(value);

  return buffer;
}

function float(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeFloatLE(value);

  return buffer;
}
