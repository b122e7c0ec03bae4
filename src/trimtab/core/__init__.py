"""The nouns: tokens, amounts, markets, states, actions, plans; next to no dependency."""
