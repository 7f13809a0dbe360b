/** A run of what was told, and how often the same came again right after it. */
export interface Cycle<Event> {
  readonly events: readonly Event[]
  readonly more: number
  /** When the last of the repeated ones ended, epoch milliseconds. */
  readonly untilMs: number
}

/** How what was told is cut into runs, and when two of them tell the same. */
export interface Cutting<Event> {
  /** Whether an event begins a new run, after those of the run so far. */
  readonly begins: (event: Event, run: readonly Event[]) => boolean
  readonly storyOf: (event: Event) => string
}

/** Cuts what was told into runs; runs that tell the same story one after the other are told once. */
export const foldCycles = <Event extends { readonly atMs: number }>(
  events: readonly Event[],
  { begins, storyOf }: Cutting<Event>,
): readonly Cycle<Event>[] => {
  const story = (run: readonly Event[]): string => run.map(storyOf).join("\n")
  const cycles: Cycle<Event>[] = []
  for (const run of cut(events, begins)) {
    const last = cycles.at(-1)
    const untilMs = run.at(-1)?.atMs ?? 0
    if (last !== undefined && story(last.events) === story(run))
      cycles[cycles.length - 1] = { events: last.events, more: last.more + 1, untilMs }
    else cycles.push({ events: run, more: 0, untilMs })
  }
  return cycles
}

const cut = <Event>(
  events: readonly Event[],
  begins: Cutting<Event>["begins"],
): readonly (readonly Event[])[] => {
  const runs: Event[][] = []
  for (const event of events) {
    const last = runs.at(-1)
    if (last === undefined || begins(event, last)) runs.push([event])
    else last.push(event)
  }
  return runs
}

/** How often the same came again. */
export const againText = (more: number): string => (more === 1 ? "once more" : `${more} times more`)
