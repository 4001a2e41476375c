import { DownloadFailure } from './download-failure.ts';

/** An address that has not given what it was asked for. */
export interface Refusal {
  readonly url: string;
  readonly failure: DownloadFailure;
}

/**
 * Failures at several addresses as one, with each piece of advice once.
 * @param name the file's name.
 * @param problems at least one.
 */
export function together(name: string, problems: readonly Refusal[]): DownloadFailure {
  if (problems.length === 1) return problems[0]!.failure;
  const failures = problems.map(({ failure }) => failure);
  const hosts = new Set(problems.map(({ url }) => new URL(url).host));
  if (hosts.size === 1 && failures.every(({ problem }) => problem.includes('(status 404)'))) {
    const paths = problems.map(({ url }) => new URL(url).pathname).join(' nor as ');
    const problem = `Could not fetch ${name} from ${[...hosts][0]}: it has it neither as ${paths} (status 404).`;
    return new DownloadFailure(problem, failures[0]!.advice, false);
  }
  const sentences = [...new Set(failures.map(({ problem }) => problem))].join(' ');
  const advice = [...new Set(failures.map((failure) => failure.advice))].join(' ');

  return new DownloadFailure(
    sentences,
    advice,
    failures.some(({ transient }) => transient),
  );
}
