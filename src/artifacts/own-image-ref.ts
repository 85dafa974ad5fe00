import { imageRefs } from "./debian/artifact-files.ts";
import { recipeKey } from "./debian/recipe.ts";
import { debianImageRecipe, debianImageRef } from "./debian-image/recipes.ts";

/**
 * The reference that an image of localkube's own making, wished as `localkube.local/NAME`, has in its archive; known without making it. Undefined when nothing makes an image of that name.
 */
export async function ownImageRef(wished: string): Promise<string | undefined> {
  const recipe = debianImageRecipe(wished);
  if (recipe) return debianImageRef(recipe);
  const refs: Readonly<Record<string, string>> = imageRefs(await recipeKey());
  return Object.values(refs).find((ref) => ref.replace(/:[^:/]*$/, "") === wished);
}
