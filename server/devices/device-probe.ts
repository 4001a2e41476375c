import { env, InferenceSession, Tensor } from 'onnxruntime-node';
import { isDevice } from '../../inference/device.ts';
import { GraphBuilder } from '../../inference/onnx/graph-builder.ts';
import { ElementType } from '../../inference/onnx/onnx-model.ts';
import { sessionOptions } from '../../inference/session-options.ts';
import type { ProbeAnswer } from './try-device.ts';

/** Numbers in a row, and turns of the loop. */
const WIDTH = 64;
const TURNS = 8;

/**
 * Run in a process of its own, which `try-device.ts` starts: what goes wrong inside a driver may end it. Has a device multiply,
 * normalise and loop, in single and in half precision, and prints how far that is from what it should be.
 */
async function probe(device: string): Promise<ProbeAnswer> {
  if (!isDevice(device)) return { ok: false, message: `${device} is no device` };
  try {
    const startedAt = performance.now();
    const options = sessionOptions(device);
    // Which library is missing is said there alone.
    env.logLevel = 'error';
    const session = await InferenceSession.create(smallGraph(), options);
    const x = Float32Array.from({ length: WIDTH }, (_, i) => Math.sin(i));
    const { single, half } = await session.run({ x: new Tensor('float32', x, [1, WIDTH]) });
    const error = Math.max(...[single, half].map((made) => distance(made!.data as Float32Array, x)));

    return { ok: error < 0.02, ms: performance.now() - startedAt, message: `it computes ${error} off` };
  } catch (error) {
    return { ok: false, message: (error as Error).message };
  }
}

/** Turns a row around, again and again, by a matrix that a fast product can get wrong: the last turn gives the row back. */
function smallGraph(): Uint8Array {
  const graph = new GraphBuilder();
  const x = graph.input('x', ElementType.float32, [1, WIDTH]);
  for (const type of ['single', 'half'] as const) {
    const floats = type === 'single' ? ElementType.float32 : ElementType.float16;
    graph.part(type, floats, () => {
      const shift = new Float32Array(WIDTH * WIDTH);
      for (let i = 0; i < WIDTH; i++) shift[i * WIDTH + ((i + WIDTH / TURNS) % WIDTH)] = 1;
      const matrix = graph.constant('shift', [WIDTH, WIDTH], shift);
      const turned = graph.loop(
        graph.integer(TURNS),
        [{ value: graph.cast(x, floats), type: floats }],
        (turn, [row]) => {
          const next = graph.node('MatMul', [row!, matrix]);

          return {
            goOn: graph.node('Less', [turn, graph.integer(TURNS)]),
            carried: [next],
            collected: [{ value: graph.node('Identity', [next]), type: floats }],
          };
        },
      )[0]!;
      const last = graph.node('Gather', [turned, graph.integer(TURNS - 1)]);
      graph.node('Cast', [last], { to: ElementType.float32 }, type);
      graph.output(type, ElementType.float32, [1, WIDTH]);
    });
  }

  return graph.build('probe');
}

function distance(made: Float32Array, wanted: Float32Array): number {
  return Math.max(...wanted.map((value, i) => Math.abs(made[i]! - value)));
}

const answer = await probe(process.argv[2] ?? '');
process.stdout.write(`${JSON.stringify(answer)}\n`, () => process.exit());
