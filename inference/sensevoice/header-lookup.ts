import { ModelFilesError } from '../model-files-error.ts';
import type { ModelHeader, ValueHeader } from '../onnx/model-header.ts';

/** @throws {ModelFilesError} when there is no such input. */
export function input(header: ModelHeader, name: string): ValueHeader {
  return find(header.inputs, name, 'input');
}

/** @throws {ModelFilesError} when there is no such output. */
export function output(header: ModelHeader, name: string): ValueHeader {
  return find(header.outputs, name, 'output');
}

function find(values: readonly ValueHeader[], name: string, what: string): ValueHeader {
  const value = values.find((candidate) => candidate.name === name);
  if (value) return value;
  const names = values.map((candidate) => candidate.name).join(', ') || 'none';
  throw new ModelFilesError(
    `The model looks like SenseVoice, but has no ${what} called ${name}; it has ${names}. Use FunASR's or sherpa-onnx' export.`,
  );
}

/** A whole number that sherpa-onnx' exporter wrote down. @throws {ModelFilesError} when there is none. */
export function metadataNumber(metadata: ReadonlyMap<string, string>, key: string): number {
  const text = metadata.get(key);
  const number = Number(text);
  if (text === undefined || text.trim() === '' || !Number.isInteger(number)) {
    throw new ModelFilesError(
      `The model's metadata has ${text === undefined ? `no ${key}` : `'${text.slice(0, 40)}' for ${key}, which is no whole number`}: use sherpa-onnx' export of SenseVoice as it is published.`,
    );
  }

  return number;
}

/** `length` numbers, separated by commas. @throws {ModelFilesError} when they are not there. */
export function metadataList(
  metadata: ReadonlyMap<string, string>,
  key: string,
  length: number,
): readonly number[] {
  const numbers = (metadata.get(key) ?? '').split(',').map(Number);
  if (numbers.length !== length || !numbers.every(Number.isFinite)) {
    throw new ModelFilesError(
      `The model's metadata has no ${length} numbers for ${key}: use sherpa-onnx' export of SenseVoice as it is published.`,
    );
  }

  return numbers;
}
