// Paths of the domain's table as Fastify writes them.
import { API_PREFIX } from '@consilium/domain';

/** A path of the table with its prefix and with `:name` for each `{name}`. */
export const routeUrl = (path: string): string => `${API_PREFIX}${path.replaceAll(/\{(\w+)\}/g, ':$1')}`;
