import type sherpaOnnx from 'sherpa-onnx-node';
import type sherpaAddon from 'sherpa-onnx-node/addon.js';

/** sherpa-onnx' classes, and the binary that they call. */
export interface SherpaPackage {
  readonly classes: typeof sherpaOnnx;
  readonly addon: typeof sherpaAddon;
}

/**
 * Loads sherpa-onnx into the calling thread. It is an optional dependency: npm leaves it out on platforms that it has no
 * binary for, and where it is told to.
 * @throws when it is not installed or does not load here; the message says what to type.
 */
export async function loadPackage(): Promise<SherpaPackage> {
  try {
    const { default: classes } = await import('sherpa-onnx-node');
    const { default: addon } = await import('sherpa-onnx-node/addon.js');

    return { classes, addon };
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND';
    throw new Error(
      missing
        ? 'sherpa-onnx-node, which runs this kind of model, is not installed. Run "npm install sherpa-onnx-node@1.13.8" where the server is installed.'
        : `sherpa-onnx-node, which runs this kind of model, has no binary that loads on ${process.platform}-${process.arch}. Run "npm install sherpa-onnx-node@1.13.8" where the server is installed; it has binaries for Linux (glibc 2.32 or newer), macOS and Windows.`,
      { cause: error },
    );
  }
}
