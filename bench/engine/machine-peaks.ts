import { InferenceSession, Tensor } from 'onnxruntime-node';
import { GraphBuilder } from '../../inference/onnx/graph-builder.ts';
import { ElementType } from '../../inference/onnx/onnx-model.ts';
import { sessionOptions } from '../../inference/session-options.ts';

/** Rows and columns of the product: it is bound by arithmetic, and takes some 20 ms. */
const MATRIX_SIZE = 1024;
const PRODUCTS = 20;
const READS = 20;
const MIB = 2 ** 20;

/**
 * The most multiply-adds of float32 that onnxruntime does in a second on one thread: the best of several large
 * products.
 */
export async function measureMultiplyAdds(): Promise<number> {
  const values = Float32Array.from({ length: MATRIX_SIZE ** 2 }, (_, i) => Math.sin(i));
  const graph = new GraphBuilder();
  const x = graph.input('x', ElementType.float32, [MATRIX_SIZE, MATRIX_SIZE]);
  const weights = graph.constant('weights', [MATRIX_SIZE, MATRIX_SIZE], values);
  graph.node('MatMul', [x, weights], {}, 'y');
  graph.output('y', ElementType.float32, [MATRIX_SIZE, MATRIX_SIZE]);
  const session = await InferenceSession.create(graph.build('peak'), sessionOptions('cpu'));
  const feeds = { x: new Tensor('float32', values, [MATRIX_SIZE, MATRIX_SIZE]) };
  let bestMs = Number.POSITIVE_INFINITY;
  for (let i = 0; i < PRODUCTS; i++) {
    const startedAt = performance.now();
    await session.run(feeds);
    bestMs = Math.min(bestMs, performance.now() - startedAt);
  }
  await session.release();

  return (1000 * MATRIX_SIZE ** 3) / bestMs;
}

/**
 * Bytes that one thread reads in a second out of an array of that size: the best of several searches for a byte that
 * is not there, which the C library does with the widest loads there are.
 */
export function measureReadBandwidth(bytes: number): number {
  const haystack = Buffer.alloc(bytes, 1);
  // Small arrays are searched several times over: one search would be over before the clock ticks.
  const repeats = Math.max(1, Math.round((64 * MIB) / bytes));
  let bestMs = Number.POSITIVE_INFINITY;
  for (let i = 0; i < READS; i++) {
    const startedAt = performance.now();
    for (let repeat = 0; repeat < repeats; repeat++) haystack.indexOf(2);
    bestMs = Math.min(bestMs, (performance.now() - startedAt) / repeats);
  }

  return (1000 * bytes) / bestMs;
}
