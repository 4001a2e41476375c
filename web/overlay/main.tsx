import '../design/base.css';
import './overlay.css';
import { render } from 'preact';
import { applyLanguage, words } from '../i18n/language.ts';
import { Page, show } from '../shell/page.tsx';
import { overlayOptions } from './options.ts';
import { Overlay } from './overlay.tsx';
import { Setup } from './setup.tsx';

const options = overlayOptions(new URLSearchParams(location.search));

if (options.meeting === '') {
  show(
    <Page current={null}>
      <Setup />
    </Page>,
    (words) => words.overlay.title,
  );
} else {
  document.documentElement.classList.add('over-picture');
  applyLanguage(() => words.value.overlay.title);
  render(
    <main>
      <h1 class="unseen">{options.meeting}</h1>
      <Overlay options={options} />
    </main>,
    document.getElementById('page')!,
  );
}
