//! Nothing: this package exists so that cargo fetches what it depends on.
