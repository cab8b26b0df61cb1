// Preloaded (`node --import`) by processes that were started with an IPC channel: they end with the one that started
// them, however that ended, because the channel then closes. Nothing else goes over it, and it keeps nobody alive.
process.once('disconnect', () => process.exit(1));
process.channel?.unref();
