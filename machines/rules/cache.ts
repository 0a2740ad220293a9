/** Maps of limited size, which forget what was entered longest ago. */

/** Enters an item as the newest, and forgets the oldest one if there are too many. */
export function enter<Item>(
  items: Map<string, Item>,
  name: string,
  { item, most }: { item: Item; most: number },
): void {
  items.delete(name)
  items.set(name, item)
  if (items.size > most) items.delete(items.keys().next().value as string)
}

/** The item of that name, made if there is none. What was used last stays longest. */
export function recall<Item>(
  items: Map<string, Item>,
  name: string,
  { make, most }: { make: () => Item; most: number },
): Item {
  const item = items.get(name) ?? make()
  enter(items, name, { item, most })
  return item
}
