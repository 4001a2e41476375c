import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';

interface FilePickerProps {
  readonly class: string;
  /** For readers of screens. */
  readonly label: string;
  readonly isMultiple: boolean;
  readonly onFiles: (files: readonly File[]) => void;
  readonly children: ComponentChildren;
}

/** A button that lets somebody choose recordings. */
export function FilePicker({ class: look, label, isMultiple, onFiles, children }: FilePickerProps) {
  const field = useRef<HTMLInputElement>(null);

  return (
    <>
      <button type="button" class={look} aria-label={label} onClick={() => field.current?.click()}>
        {children}
      </button>
      <input
        ref={field}
        hidden
        type="file"
        accept="audio/*,video/*,.flac,.wav,.mp3,.m4a,.ogg,.opus,.mkv,.amr,.wma"
        multiple={isMultiple}
        aria-label={label}
        onChange={(event) => {
          onFiles([...(event.currentTarget.files ?? [])]);
          // So that the same file may be chosen again.
          event.currentTarget.value = '';
        }}
      />
    </>
  );
}
