/** A line of numbers. */
export interface Series {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

interface Family {
  readonly name: string
  readonly type: string
  readonly series: Series[]
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const HELP = new RegExp(`^# HELP (${NAME}) (\\S.*)$`)
const TYPE = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram|summary|untyped)$`)
const SAMPLE = new RegExp(
  `^(${NAME})(?:\\{(.*)\\})? (-?(?:\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?)|\\+Inf|-Inf|NaN|Nan)$`,
)
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,(?=.)|$)/y

/**
 * The series of a text in the format of Prometheus, version 0.0.4.
 * @throws {SyntaxError} for anything that is not in it: a family without help and type, or in two
 * places, a series that is there twice or belongs to no family, buckets that shrink.
 */
export function parseExposition(text: string): Series[] {
  if (!text.endsWith('\n')) throw new SyntaxError('the last line does not end')
  const families = new Map<string, Family>()
  const seen = new Set<string>()
  let helped: string | undefined
  let family: Family | undefined
  for (const line of text.split('\n').filter((one) => one !== '')) {
    const [, help] = HELP.exec(line) ?? []
    const [, typed, type] = TYPE.exec(line) ?? []
    if (help !== undefined) {
      helped = help
    } else if (typed !== undefined && type !== undefined) {
      if (helped !== typed || families.has(typed))
        throw new SyntaxError(`${line}: without help, or for the second time`)
      families.set(typed, (family = { name: typed, type, series: [] }))
    } else {
      const series = parseSeries(line)
      if (!family || !belongs(series, family)) throw new SyntaxError(`${line}: in no family`)
      const labels = Object.entries(series.labels).map(([label, value]) => `${label}=${value}`)
      const key = JSON.stringify([series.name, ...labels.sort()])
      if (seen.has(key)) throw new SyntaxError(`${line}: twice`)
      seen.add(key)
      family.series.push(series)
    }
  }
  for (const one of families.values()) if (one.type === 'histogram') checkBuckets(one)
  return [...families.values()].flatMap(({ series }) => series)
}

function parseSeries(line: string): Series {
  const [, name, labelText = '', value] = SAMPLE.exec(line) ?? []
  if (name === undefined || value === undefined) throw new SyntaxError(`${line}: no series`)
  const labels: Record<string, string> = {}
  let at = 0
  while (at < labelText.length) {
    LABEL.lastIndex = at
    const [whole, label, escaped] = LABEL.exec(labelText) ?? []
    if (whole === undefined || label === undefined || escaped === undefined || label in labels) {
      throw new SyntaxError(`${line}: labels`)
    }
    labels[label] = escaped.replaceAll(/\\(["\\n])/g, (_, character: string) =>
      character === 'n' ? '\n' : character,
    )
    at = LABEL.lastIndex
  }
  return {
    name,
    labels,
    value: value.endsWith('Inf') ? Number(value.replace('Inf', 'Infinity')) : Number(value),
  }
}

function belongs({ name, labels }: Series, { name: family, type }: Family): boolean {
  if (type !== 'histogram') return name === family
  if (name === `${family}_bucket`) return 'le' in labels
  return name === `${family}_sum` || name === `${family}_count`
}

function checkBuckets({ name, series }: Family): void {
  for (const count of series.filter((one) => one.name === `${name}_count`)) {
    const labels = Object.entries(count.labels)
    const buckets = series.filter(
      (one) =>
        one.name === `${name}_bucket` &&
        labels.every(([label, value]) => one.labels[label] === value),
    )
    const values = buckets.map(({ value }) => value)
    const grow = values.every((value, index) => index === 0 || value >= (values[index - 1] ?? 0))
    if (!grow || buckets.at(-1)?.labels['le'] !== '+Inf' || values.at(-1) !== count.value) {
      throw new SyntaxError(`the buckets of ${name} do not add up`)
    }
  }
}
