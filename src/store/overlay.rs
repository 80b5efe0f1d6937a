//! What a transaction has changed and not yet committed, over a store.
