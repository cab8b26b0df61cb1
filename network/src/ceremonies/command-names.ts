// The commands of ceremonies by name alone, so that other commands need not load what carries them out.
/** As they are typed behind `consilium-network`. */
export const CEREMONY_COMMANDS = ['propose', 'review', 'sign', 'submit'] as const;
