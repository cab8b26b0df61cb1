// The package's public surface.
export {
  ATTRIBUTES,
  type Attributes,
  collectorAt,
  contextIn,
  SPAN_KINDS,
  Span,
  type SpanContext,
  Tracer,
  type TracerOptions,
  traceparentNow,
} from './tracer.ts';
