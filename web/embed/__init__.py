"""Maps on other people's pages: the embed, its builder, oEmbed, and the map as a picture."""
