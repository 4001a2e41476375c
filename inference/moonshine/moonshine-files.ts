/** Paths of Moonshine's two graphs as they are shipped. */
export interface MoonshineFiles {
  readonly encoder: string;
  readonly decoder: string;
}

/** Paths of the graphs rebuilt for inference. */
export interface RebuiltFiles extends MoonshineFiles {
  /** The decoder in floats, for choices that bytes leave in doubt. */
  readonly preciseDecoder: string;
}

/** All of Moonshine in one graph, for GPUs: `rebuild/one-run-graph.ts` says what it takes and gives. */
export interface OneRunFiles {
  readonly kind: 'one-run';
  readonly model: string;
}

/** The graphs a model is run on by processors. */
export type MoonshineCpuGraphs =
  | ({ readonly kind: 'rebuilt' } & RebuiltFiles)
  | ({ readonly kind: 'shipped' } & MoonshineFiles);

/** The graphs a model is run on. */
export type MoonshineGraphs = MoonshineCpuGraphs | OneRunFiles;
