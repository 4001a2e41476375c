declare module '*.css';

/** Where the build has put the worklet that captures audio; see build.mjs. */
declare const CAPTURE_WORKLET_URL: string;
