// How long each part of the demo takes.
export class StageClock {
  readonly stages: { name: string; seconds: number }[] = [];

  async time<T>(name: string, work: () => Promise<T>): Promise<T> {
    const begun = performance.now();
    try {
      return await work();
    } finally {
      this.stages.push({ name, seconds: (performance.now() - begun) / 1000 });
    }
  }
}
