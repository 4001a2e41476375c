import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { words } from '../i18n/language.ts';
import { type Trouble, troubleFrom } from '../trouble/trouble.ts';
import { TroubleNotice } from '../trouble/trouble-notice.tsx';
import type { KeptMeeting } from './archive.ts';
import type { MeetingList } from './meeting-list.ts';

interface DeleteDialogProps {
  readonly meeting: KeptMeeting;
  readonly list: MeetingList;
  readonly onClose: (isDeleted: boolean) => void;
}

/**
 * Asks once more before a meeting is deleted. Escape keeps it, and so does the button that has the focus; once it is being deleted,
 * there is no way back, and the question stays until the server has answered.
 */
export function DeleteDialog({ meeting: { meeting, captions }, list, onClose }: DeleteDialogProps) {
  const { archive } = words.value;
  const dialog = useRef<HTMLDialogElement>(null);
  const [isBusy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const isDeleted = useRef(false);
  const ids = { title: useId(), hint: useId() };
  useEffect(() => dialog.current!.showModal(), []);
  const remove = async () => {
    setBusy(true);
    setTrouble(null);
    try {
      await list.delete(meeting);
      isDeleted.current = true;
      dialog.current!.close();
    } catch (error) {
      setTrouble(troubleFrom(error));
      setBusy(false);
    }
  };

  return (
    <dialog
      ref={dialog}
      class="card confirm"
      aria-labelledby={ids.title}
      aria-describedby={ids.hint}
      onCancel={(event) => {
        if (isBusy) event.preventDefault();
      }}
      onClose={() => {
        // Browsers close it all the same when Escape is pressed again.
        if (isBusy && !isDeleted.current) dialog.current!.showModal();
        else onClose(isDeleted.current);
      }}
    >
      <h2 id={ids.title}>{archive.confirm(meeting)}</h2>
      <p id={ids.hint}>{archive.confirmHint(archive.captions(captions))}</p>
      {trouble && <TroubleNotice trouble={trouble} />}
      <div class="confirm-buttons">
        <button type="button" class="button" disabled={isBusy} onClick={() => dialog.current!.close()}>
          {archive.keep}
        </button>
        <button type="button" class="button danger" disabled={isBusy} onClick={() => void remove()}>
          {isBusy ? archive.deleting : archive.deleteNow}
        </button>
      </div>
    </dialog>
  );
}
