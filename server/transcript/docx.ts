import { zip } from './zip.ts';

/** What one person said without another coming between. */
export interface SpokenTurn {
  readonly speaker: string;
  /** `00:12:34` into the meeting. */
  readonly time: string;
  readonly text: string;
}

const DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const CONTENT_TYPES = `${DECLARATION}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`;
const RELATIONSHIPS = `${DECLARATION}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>`;
const NAMESPACE = 'http://schemas.openxmlformats.org/wordprocessingml/2006/main';
/** A4 with margins of an inch, in twentieths of a point. */
const PAGE =
  '<w:sectPr><w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1440" w:right="1440" w:bottom="1440" w:left="1440" w:header="708" w:footer="708" w:gutter="0"/></w:sectPr>';
/** Half points. */
const TITLE_SIZE = 36;
const GREY = '666666';

/** A transcript as a Word document: the three parts that one has to have (ECMA-376), without styles of its own. */
export function docx(title: string, subtitle: string, turns: readonly SpokenTurn[]): Buffer {
  const heading =
    paragraph(run(title, `<w:b/><w:sz w:val="${TITLE_SIZE}"/>`)) + paragraph(run(subtitle, grey()));
  const body = turns.map(
    ({ speaker, time, text }) =>
      paragraph(`${run(speaker, '<w:b/>')}${run(`  ${time}`, grey())}`, '<w:keepNext/>') +
      paragraph(run(text)),
  );
  const document = `${DECLARATION}<w:document xmlns:w="${NAMESPACE}"><w:body>${heading}${body.join('')}${PAGE}</w:body></w:document>`;

  return zip([
    { name: '[Content_Types].xml', content: CONTENT_TYPES },
    { name: '_rels/.rels', content: RELATIONSHIPS },
    { name: 'word/document.xml', content: document },
  ]);
}

function paragraph(runs: string, properties = ''): string {
  return `<w:p>${properties === '' ? '' : `<w:pPr>${properties}</w:pPr>`}${runs}</w:p>`;
}

function run(text: string, properties = ''): string {
  const style = properties === '' ? '' : `<w:rPr>${properties}</w:rPr>`;

  return `<w:r>${style}<w:t xml:space="preserve">${escapeXml(text)}</w:t></w:r>`;
}

function grey(): string {
  return `<w:color w:val="${GREY}"/>`;
}

/** Characters that XML 1.0 cannot hold, in whichever writing, are left out. */
function escapeXml(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
