import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { Icon, type IconName } from './icon.tsx';

interface DisclosureProps {
  readonly icon: IconName;
  readonly label: string;
  readonly children: ComponentChildren;
}

/** A button that shows a panel. The panel goes with Escape, a click elsewhere, or the focus leaving it. */
export function Disclosure({ icon, label, children }: DisclosureProps) {
  const id = useId();
  const [isOpen, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);

  useEffect(() => {
    if (!isOpen) return;
    const away = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return;
      setOpen(false);
      button.current?.focus();
    };
    document.addEventListener('pointerdown', away);
    document.addEventListener('focusin', away);
    document.addEventListener('keydown', onKey);

    return () => {
      document.removeEventListener('pointerdown', away);
      document.removeEventListener('focusin', away);
      document.removeEventListener('keydown', onKey);
    };
  }, [isOpen]);

  return (
    <div class="disclosure" ref={root}>
      <button
        ref={button}
        type="button"
        class="button plain square"
        aria-label={label}
        title={label}
        aria-expanded={isOpen}
        aria-controls={id}
        onClick={() => setOpen(!isOpen)}
      >
        <Icon name={icon} />
      </button>
      <section id={id} class="panel" hidden={!isOpen} aria-label={label}>
        {children}
      </section>
    </div>
  );
}
