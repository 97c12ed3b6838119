import type { Bar } from './section.ts'

const WIDTH = 720
const LABEL = 170
const BAR = 26
const GAP = 12
const TOP = 44

/** A horizontal bar chart as SVG, with figures beside the bars. */
export function barChart(title: string, bars: readonly Bar[]): string {
  const most = Math.max(...bars.map((bar) => bar.value))
  const height = TOP + bars.length * (BAR + GAP)
  const lines = bars.map(({ label, value }, index) => {
    const y = TOP + index * (BAR + GAP)
    const width = Math.max(1, Math.round((value / most) * (WIDTH - LABEL - 110)))
    const middle = y + BAR / 2 + 5
    return [
      `<text x="${LABEL - 10}" y="${middle}" text-anchor="end">${label}</text>`,
      `<rect x="${LABEL}" y="${y}" width="${width}" height="${BAR}" fill="${index === 0 ? '#0b7285' : '#adb5bd'}"/>`,
      `<text x="${LABEL + width + 8}" y="${middle}">${Math.round(value).toLocaleString('en')}</text>`,
    ].join('\n  ')
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="14">
  <rect width="100%" height="100%" fill="#ffffff"/>
  <text x="10" y="24" font-size="16" font-weight="bold">${title}</text>
  ${lines.join('\n  ')}
</svg>
`
}
