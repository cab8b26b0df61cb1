// Values that dp-accounting 0.6.0 gives (numpy 2.4.6, scipy 1.17.1, Python 3.11.7), recorded once for tests.
// Pessimistic: connect-the-dots, log_mass_truncation -50, tail_mass_truncation 1e-15 per composition.
// Optimistic: privacy buckets rounded down. Columns of a part: noise multiplier, sampling rate, steps.

export type Part = readonly [noiseMultiplier: number, samplingRate: number, steps: number];

export interface RecordedEpsilon {
  readonly parts: readonly Part[];
  readonly delta: number;
  readonly interval: number;
  readonly pessimistic: number;
  readonly optimistic: number;
}

// biome-ignore format: a table
export const EPSILONS: readonly RecordedEpsilon[] = [
  { parts: [[0.5, 0.0001, 20000]], delta: 1e-05, interval: 0.0001,
    pessimistic: 1.411411678947452, optimistic: 0.9543788568108879 },
  { parts: [[0.5, 0.0001, 100]], delta: 1e-06, interval: 0.0001,
    pessimistic: 0.540379392045708, optimistic: 0.5380665052275306 },
  { parts: [[0.5, 0.001, 1000]], delta: 1e-09, interval: 0.0001,
    pessimistic: 6.927526971693295, optimistic: 6.88523049460159 },
  { parts: [[0.5, 0.01, 100]], delta: 1e-06, interval: 0.0001,
    pessimistic: 7.9160843198328745, optimistic: 7.911040569911392 },
  { parts: [[0.5, 0.5, 5]], delta: 1e-07, interval: 0.0001,
    pessimistic: 26.161896612258495, optimistic: 26.161646609486603 },
  { parts: [[0.6, 0.001, 5000]], delta: 1e-08, interval: 0.0001,
    pessimistic: 4.104147943290473, optimistic: 3.8689425144078995 },
  { parts: [[0.7, 0.003, 3000]], delta: 1e-06, interval: 0.0001,
    pessimistic: 2.8593206758581933, optimistic: 2.7095678294388956 },
  { parts: [[0.8, 0.0001, 20000]], delta: 1e-09, interval: 0.0001,
    pessimistic: 0.2837874175990858, optimistic: 0 },
  { parts: [[0.8, 0.2, 50]], delta: 1e-08, interval: 0.0001,
    pessimistic: 20.79869873045503, optimistic: 20.796198542430734 },
  { parts: [[1, 0.0001, 20000]], delta: 1e-05, interval: 0.0001,
    pessimistic: 0.058121651590286955, optimistic: 0 },
  { parts: [[1, 0.0001, 20000]], delta: 1e-09, interval: 0.0001,
    pessimistic: 0.10146353609379022, optimistic: 0 },
  { parts: [[1, 0.001, 20000]], delta: 1e-09, interval: 0.0001,
    pessimistic: 1.0669041103861299, optimistic: 0.06519814659513146 },
  { parts: [[1, 0.01, 2]], delta: 1e-05, interval: 0.0001,
    pessimistic: 0.24546601190005513, optimistic: 0.24536599579974624 },
  { parts: [[1, 0.01, 10]], delta: 1e-06, interval: 0.0001,
    pessimistic: 0.5923495507115988, optimistic: 0.5918494985681142 },
  { parts: [[1, 0.05, 1000]], delta: 1e-06, interval: 0.0001,
    pessimistic: 12.238049443583272, optimistic: 12.18804786737736 },
  { parts: [[1, 0.5, 3]], delta: 1e-05, interval: 0.0001,
    pessimistic: 5.840843637151363, optimistic: 5.840693628295765 },
  { parts: [[1, 0.5, 200]], delta: 1e-07, interval: 0.0001,
    pessimistic: 72.8947297070508, optimistic: 72.88472957539784 },
  { parts: [[1, 0.9, 1]], delta: 1e-06, interval: 0.0001,
    pessimistic: 4.759858448503704, optimistic: 4.759808441186313 },
  { parts: [[1.3, 0.004, 10000]], delta: 1e-07, interval: 0.0001,
    pessimistic: 1.7898884181041153, optimistic: 1.2898269026866214 },
  { parts: [[1.5, 0.001, 20000]], delta: 1e-06, interval: 0.0001,
    pessimistic: 0.4276221809942769, optimistic: 0 },
  { parts: [[2, 0.0001, 20000]], delta: 1e-07, interval: 0.0001,
    pessimistic: 0.037614087534520044, optimistic: 0 },
  { parts: [[2, 0.001, 20000]], delta: 1e-05, interval: 0.0001,
    pessimistic: 0.2529613064277665, optimistic: 0 },
  { parts: [[2, 0.02, 5000]], delta: 1e-09, interval: 0.0001,
    pessimistic: 4.626355754984235, optimistic: 4.376356684432071 },
  { parts: [[2, 0.3, 1000]], delta: 1e-05, interval: 0.0001,
    pessimistic: 33.06034186466919, optimistic: 33.01034062859796 },
  { parts: [[2, 0.7, 30]], delta: 1e-08, interval: 0.0001,
    pessimistic: 13.153783822752821, optimistic: 13.152283730903672 },
  { parts: [[3, 0.005, 20000]], delta: 1e-07, interval: 0.0001,
    pessimistic: 1.1504961441590515, optimistic: 0.15031678417013677 },
  { parts: [[3, 0.02, 1]], delta: 1e-06, interval: 0.0001,
    pessimistic: 0.04128754889216694, optimistic: 0.041237588150635524 },
  { parts: [[4, 0.001, 20000]], delta: 1e-06, interval: 0.0001,
    pessimistic: 0.13512957845184798, optimistic: 0 },
  { parts: [[4, 0.1, 20000]], delta: 1e-05, interval: 0.0001,
    pessimistic: 21.116922118979417, optimistic: 20.116894924333593 },
  { parts: [[5, 0.0001, 20000]], delta: 1e-09, interval: 0.0001,
    pessimistic: 0.02695925436864632, optimistic: 0 },
  { parts: [[5, 0.01, 3000]], delta: 1e-08, interval: 0.0001,
    pessimistic: 0.5532474994688352, optimistic: 0.4031885909556215 },
  { parts: [[5, 0.99, 10]], delta: 1e-09, interval: 0.0001,
    pessimistic: 3.7114206405709655, optimistic: 3.710920626009448 },
  { parts: [[7, 0.2, 5000]], delta: 1e-09, interval: 0.0001,
    pessimistic: 13.822721004352678, optimistic: 13.572718898365444 },
  { parts: [[8, 0.02, 20000]], delta: 1e-05, interval: 0.0001,
    pessimistic: 1.3647131282283889, optimistic: 0.36460549791436475 },
  { parts: [[10, 0.0001, 20000]], delta: 1e-05, interval: 0.0001,
    pessimistic: 0.009701784409283194, optimistic: 0 },
  { parts: [[10, 0.001, 20000]], delta: 1e-09, interval: 0.0001,
    pessimistic: 0.07618586129587987, optimistic: 0 },
  { parts: [[10, 0.1, 20000]], delta: 1e-07, interval: 0.0001,
    pessimistic: 7.96787478156804, optimistic: 6.96782668645514 },
  { parts: [[10, 0.9, 1000]], delta: 1e-06, interval: 0.0001,
    pessimistic: 17.008749081506192, optimistic: 16.95874730023209 },
  { parts: [[10, 0.01, 100]], delta: 1e-05, interval: 0.0001,
    pessimistic: 0.027733289415356396, optimistic: 0.022720872885235176 },
  { parts: [[6, 0.05, 3]], delta: 1e-06, interval: 0.0001,
    pessimistic: 0.05992182889282596, optimistic: 0.059771621388932036 },
  { parts: [[1, 0.1, 100]], delta: 0.01, interval: 0.0001,
    pessimistic: 3.4348032469744134, optimistic: 3.429803104798399 },
  { parts: [[2, 0.01, 100]], delta: 0.02, interval: 0.0001,
    pessimistic: 0.0025309505107674046, optimistic: 0 },
  { parts: [[1, 0.2, 30]], delta: 0.2, interval: 0.0001,
    pessimistic: 1.154685492737486, optimistic: 1.1531854607189267 },
  { parts: [[1, 0.01, 100], [0.6, 0.001, 2000], [5, 0.2, 30]], delta: 1e-07, interval: 0.0001,
    pessimistic: 3.1925508655401877, optimistic: 3.0919695435084367 },
  { parts: [[2, 1, 1], [1, 0.01, 500]], delta: 1e-05, interval: 0.0001,
    pessimistic: 2.4111516128277506, optimistic: 2.386099826889212 },
  { parts: [
    [10, 0.01, 2000], [10, 0.02, 100], [10.1, 0.02, 100], [10.2, 0.02, 100], [10.3, 0.02, 100],
    [10.4, 0.02, 100], [10.5, 0.02, 100], [10.6, 0.02, 100], [10.7, 0.02, 100],
  ], delta: 1e-06, interval: 0.0001,
    pessimistic: 0.27579068053882655, optimistic: 0.1357218630292741 },
  { parts: [[0.5, 0.0001, 100], [8, 0.5, 100]], delta: 1e-08, interval: 0.0001,
    pessimistic: 3.5236340889895272, optimistic: 3.5163463403152204 },
  { parts: [[10, 0.01, 20000]], delta: 1e-05, interval: 1e-05,
    pessimistic: 0.4989698023083543, optimistic: 0.3989670866193084 },
  { parts: [[10, 0.001, 20000]], delta: 1e-09, interval: 1e-05,
    pessimistic: 0.07043378863583329, optimistic: 0 },
  { parts: [[1.5, 0.01, 20000]], delta: 1e-06, interval: 1e-05,
    pessimistic: 5.271948815239969, optimistic: 5.171948285868137 },
  { parts: [[5, 0.0001, 20000]], delta: 1e-09, interval: 1e-05,
    pessimistic: 0.01357896678422932, optimistic: 0 },
  { parts: [[1, 0.0001, 20000]], delta: 1e-05, interval: 1e-05,
    pessimistic: 0.05526580934311144, optimistic: 0 },
  { parts: [[11.21, 1, 480], [1.74, 1, 59], [3.176, 0.013104, 4584]], delta: 1.91e-06, interval: 0.0001,
    pessimistic: 33.34280755282488, optimistic: 33.086652115824 },
  { parts: [[14.76, 1, 8], [0.7337, 1, 15], [5.595, 0.0042699, 9819]], delta: 2.85e-07, interval: 0.0001,
    pessimistic: 39.671379286828405, optimistic: 39.179267243625446 },
  { parts: [[0.9579, 0.67265, 20], [2.844, 0.069525, 18], [4.021, 1, 9]], delta: 1.28e-08, interval: 0.0001,
    pessimistic: 27.394245776210365, optimistic: 27.391895858436076 },
];

export interface RecordedVariant {
  readonly part: Part;
  readonly delta: number;
  readonly pessimistic: number;
  readonly datasetSize?: number;
  readonly largestBatch?: number;
}

/** Without a cap on the batch: neighbouring by replacing one unit. */
// biome-ignore format: a table
export const VARIANTS: readonly RecordedVariant[] = [
  { part: [1, 0.1, 10], delta: 1e-06, pessimistic: 4.071479505086719 },
  { part: [2, 0.01, 1000], delta: 1e-05, pessimistic: 1.2052096036624764 },
  { part: [0.8, 0.02, 50], delta: 1e-07, pessimistic: 3.5845761687494493 },
  { part: [5, 1, 10], delta: 1e-06, pessimistic: 6.399283130864942 },
  { part: [10, 0.3, 500], delta: 1e-08, pessimistic: 8.027788845402634 },
  { part: [1, 0.01, 1000], delta: 1e-05, pessimistic: 1.830465655657063,
    datasetSize: 10000, largestBatch: 150 },
  { part: [1, 0.01, 1000], delta: 1e-06, pessimistic: 4.9207679133768565,
    datasetSize: 10000, largestBatch: 130 },
  { part: [2, 0.1, 200], delta: 1e-06, pessimistic: 3.8071870205358103,
    datasetSize: 500, largestBatch: 80 },
  { part: [4, 0.5, 50], delta: 1e-07, pessimistic: 4.900680721468419,
    datasetSize: 2000, largestBatch: 1100 },
  { part: [0.8, 0.005, 3000], delta: 1e-05, pessimistic: 2.4941258898089056,
    datasetSize: 60000, largestBatch: 420 },
  { part: [1, 0.02, 500], delta: 1e-06, pessimistic: 3.213576871730489,
    datasetSize: 1000, largestBatch: 64 },
];

/** δ of one kind of step at an ε, by inverting the Laplace transform in 40 digits (mpmath), in two ways alike. */
// biome-ignore format: a table
export const DEFINITION: readonly { readonly part: Part; readonly epsilon: number; readonly delta: number }[] = [
  { part: [1, 0.01, 1000], epsilon: 2, delta: 2.66557192476179e-06 },
  { part: [10, 0.01, 20000], epsilon: 0.5, delta: 9.71827402929486e-06 },
  { part: [64.9, 0.06679, 377261], epsilon: 3.97, delta: 1.1300737018042e-10 },
  { part: [3, 0.3, 50], epsilon: 4, delta: 1.16044362962291e-07 },
  { part: [2, 0.001, 20000], epsilon: 0.25, delta: 1.11303689794256e-05 },
];
