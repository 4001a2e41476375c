import { useEffect, useState } from 'preact/hooks';

/**
 * Takes files that are dropped anywhere on the page: a browser would open one that misses its place, in place of the page.
 * @returns whether some are held over it.
 */
export function useDroppedFiles(onFiles: (files: readonly File[]) => void): boolean {
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    const abort = new AbortController();
    const on = (name: 'dragover' | 'dragleave' | 'drop', listener: (event: DragEvent) => void) =>
      document.addEventListener(
        name,
        (event) => {
          // Words may be dropped into fields.
          if (event.dataTransfer?.types.includes('Files')) listener(event);
        },
        { signal: abort.signal },
      );
    on('dragover', (event) => {
      event.preventDefault();
      setOver(true);
    });
    on('dragleave', ({ relatedTarget }) => {
      // Told of every element on the way, too.
      if (relatedTarget === null) setOver(false);
    });
    on('drop', (event) => {
      event.preventDefault();
      setOver(false);
      onFiles([...event.dataTransfer!.files]);
    });

    return () => abort.abort();
  }, []);

  return isOver;
}
