namespace WeightMem.Formats.Pickle;

/// <summary>Walks all values that a value holds, each once: values may be shared and may hold themselves.</summary>
internal static class PickleGraph
{
    /// <summary>All references to the container.</summary>
    public static IEnumerable<PicklePersistent> References(object? root)
    {
        var seen = new HashSet<object>(ReferenceEqualityComparer.Instance);
        var open = new Stack<object>();
        Add(root);
        while (open.TryPop(out object? value))
        {
            switch (value)
            {
                case PicklePersistent reference:
                    yield return reference;
                    break;
                case PickleSequence sequence:
                    foreach (object? item in sequence.Items) Add(item);
                    break;
                case PickleDictionary dictionary:
                    AddEntries(dictionary.Entries);
                    break;
                case PickleObject made:
                    Add(made.Callable);
                    Add(made.Arguments);
                    Add(made.Keywords);
                    Add(made.State);
                    foreach (object? item in made.Items ?? []) Add(item);
                    AddEntries(made.Entries ?? []);
                    break;
            }
        }

        void Add(object? value)
        {
            if (value is PicklePersistent or PickleSequence or PickleDictionary or PickleObject && seen.Add(value)) open.Push(value);
        }

        void AddEntries(List<KeyValuePair<object?, object?>> entries)
        {
            foreach ((object? key, object? value) in entries)
            {
                Add(key);
                Add(value);
            }
        }
    }
}
