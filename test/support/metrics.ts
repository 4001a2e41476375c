/** One figure of a server's metrics. @param name with its labels, as the page has it. */
export async function readMetric(serverUrl: string, name: string): Promise<number> {
  const page = await (await fetch(`${serverUrl}/metrics`)).text();
  const line = page.split('\n').find((candidate) => candidate.startsWith(`${name} `));
  if (line === undefined) throw new Error(`There is no metric ${name}.`);

  return Number(line.slice(name.length + 1));
}

/** Waits until a figure is what it has to come to. */
export async function untilMetric(serverUrl: string, name: string, value: number): Promise<void> {
  while ((await readMetric(serverUrl, name)) !== value);
}
