import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from './icon.tsx';

interface NoticeProps {
  readonly tone?: 'plain' | 'caution' | 'danger';
  readonly icon?: IconName;
  readonly title: string;
  readonly children?: ComponentChildren;
}

/** Something to know, and what to do about it. One of the tone `danger` is read out at once. */
export function Notice({ tone = 'plain', icon = 'info', title, children }: NoticeProps) {
  return (
    <div class={`notice ${tone}`} {...(tone === 'danger' ? { role: 'alert' as const } : {})}>
      <Icon name={icon} />
      <div>
        <strong>{title}</strong>
        {children}
      </div>
    </div>
  );
}
