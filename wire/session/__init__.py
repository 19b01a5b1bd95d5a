"""One V2G conversation, of either role, in whatever dialect: the chassis of both engines and what drives them."""
