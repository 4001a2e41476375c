import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { funAsrNano } from './tiny-nano-graphs.ts';

const NANO_WORDS = ['你好', '我们', '会议', '的', ' the', ' meeting', ' is', '，', '。', ' 2', '5'];

/** Writes a Fun-ASR-Nano, with the tokenizer of its language model: bytes, and some words. */
export async function writeTinyNano(folder: string, seed = 1): Promise<void> {
  const tokenizer = join(folder, 'Qwen3-0.6B');
  await mkdir(tokenizer, { recursive: true });
  const alphabet = Array.from({ length: 256 }, (_, byte) => byteSign(byte));
  const words = NANO_WORDS.map((word) => Array.from(Buffer.from(word), byteSign).join(''));
  const vocabulary = [...new Set([...words, ...alphabet])];
  const specials = ['<|endoftext|>', '<|im_start|>', '<|im_end|>'];
  const added = specials.map((content, i) => ({
    ...{ id: vocabulary.length + i, content, special: true },
    ...{ single_word: false, lstrip: false, rstrip: false, normalized: false },
  }));
  await writeFile(
    join(tokenizer, 'vocab.json'),
    JSON.stringify(Object.fromEntries(vocabulary.map((piece, id) => [piece, id]))),
  );
  await writeFile(join(tokenizer, 'merges.txt'), '#version: 0.2\n');
  await writeFile(join(tokenizer, 'tokenizer.json'), JSON.stringify({ added_tokens: added }));
  const graphs = funAsrNano(seed, vocabulary.length + specials.length, vocabulary.length + 2, words.length);
  for (const [name, graph] of Object.entries(graphs))
    await writeFile(join(folder, `${name}.int8.onnx`), graph);
}

/** The character that stands for a byte in vocabularies of GPT-2 and all after it: one that can be seen. */
function byteSign(byte: number): string {
  const seen = (value: number) => (value > 32 && value < 127) || (value > 160 && value !== 173);
  if (seen(byte)) return String.fromCodePoint(byte);
  const before = Array.from({ length: byte }, (_, value) => value).filter((value) => !seen(value)).length;

  return String.fromCodePoint(256 + before);
}
