/** Paths of Moonshine's two graphs. */
export interface MoonshineFiles {
  readonly encoder: string;
  readonly decoder: string;
}

/** Which graphs they are: rebuilt for inference, or as they were shipped. */
export interface MoonshineGraphs extends MoonshineFiles {
  readonly kind: 'rebuilt' | 'shipped';
}
