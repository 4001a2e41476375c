/** Width of every chart, in pixels. */
export const WIDTH = 760;
/** Space around it. */
export const MARGIN = 16;

const STYLE = `
    text { font: 13px system-ui, sans-serif; fill: #1f2328 }
    .title { font-size: 16px; font-weight: 600 }
    .panel { font-weight: 600 }
    .ground { fill: #ffffff }
    .own { fill: #1a7f64 }
    .other { fill: #8c959f }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 }
      .ground { fill: #0d1117 }
      .own { fill: #3fb68b }
      .other { fill: #6e7681 }
    }
`;

/**
 * A chart as SVG, for light and dark pages.
 * @param parts elements of it, as text.
 * @param style further rules of CSS.
 */
export function drawPage(title: string, height: number, parts: readonly string[], style = ''): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img">
  <title>${escapeXml(title)}</title>
  <style>${STYLE}${style}  </style>
  <rect class="ground" width="${WIDTH}" height="${height}"/>
  ${parts.join('\n  ')}
</svg>
`;
}

/** @param kind classes of CSS. */
export function text(x: number, y: number, content: string, kind?: string): string {
  return `<text x="${x}" y="${y}"${kind ? ` class="${kind}"` : ''}>${escapeXml(content)}</text>`;
}

function escapeXml(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
