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

/** The graphs a model is run on. */
export type MoonshineGraphs =
  | ({ readonly kind: 'rebuilt' } & RebuiltFiles)
  | ({ readonly kind: 'shipped' } & MoonshineFiles);
