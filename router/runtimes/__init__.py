"""Where models run: one module per engine, all behind `router.types.Runtime`."""
