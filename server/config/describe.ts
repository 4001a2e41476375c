import { environmentName, flagName, OPTIONS, type Option, type OptionName } from './options.ts';

/** Defaults that differ from machine to machine, in words. */
const MACHINE_DEFAULTS: Partial<Record<OptionName, string>> = {
  modelsDir: "`roundtable/models` in the user's cache folder",
  dataDir: "`roundtable` in the user's data folder",
  devices: '`cpu` for each core whose models have room in `--model-memory-mb`, at most 64 times',
  modelMemoryMb: 'four fifths of what the machine has or its container may use',
};

/**
 * All settings as Markdown: a table for each group, in the order of `OPTIONS`. The same on every machine;
 * `docs/configuration.md` holds it.
 */
export function describeOptions(): string {
  const options = Object.entries(OPTIONS) as [OptionName, Option][];
  const groups = [...new Set(options.map(([, { group }]) => group))];

  return groups
    .map((group) => {
      const rows = options.filter(([, option]) => option.group === group).map(describeOption);

      return [
        `## ${group}`,
        '',
        '| flag | variable | unit | default | range | what for |',
        '|---|---|---|---|---|---|',
        ...rows,
        '',
      ].join('\n');
    })
    .join('\n');
}

function describeOption([name, option]: [OptionName, Option]): string {
  const isNumber = option.kind === 'number';
  const cells = [
    `\`${flagName(name)}\``,
    `\`${environmentName(name)}\``,
    isNumber ? option.unit : '',
    MACHINE_DEFAULTS[name] ?? `\`${option.default}\``,
    isNumber ? `${option.min} to ${option.max}` : '',
    option.about,
  ];

  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
