using WeightMem.Formats.Pickle;

namespace WeightMem.Formats.Torch;

/// <summary>A tensor as a view of a storage, checked to stay within it.</summary>
/// <param name="Storage">The bytes it lies in.</param>
/// <param name="Type">What the elements are.</param>
/// <param name="Shape">The sizes.</param>
/// <param name="Strides">Elements of the storage from one index of a dimension to the next.</param>
/// <param name="Offset">The element of the storage that comes first.</param>
internal sealed record TorchTensor(TorchStorage Storage, ElementType Type, long[] Shape, long[] Strides, long Offset)
{
    /// <summary>Parameters and subclasses wrap the record of a tensor in that of another.</summary>
    private const int DeepestWrap = 8;

    /// <summary>The tensor that a pickled value stands for, or null when it is none.</summary>
    /// <exception cref="FileFormatException">It is one, but damaged.</exception>
    public static TorchTensor? From(object? value, TorchStorages storages)
    {
        PickleObject? made = value as PickleObject;
        for (int depth = 0; depth < DeepestWrap && made is not null; depth++)
        {
            switch (made.Global)
            {
                case { Module: "torch._utils", Name: "_rebuild_tensor" or "_rebuild_tensor_v2" }:
                    return Of(made, null, storages);
                case { Module: "torch._utils", Name: "_rebuild_tensor_v3" }:
                    return Of(made, made.Argument(6), storages);
                case { Module: "torch._utils", Name: "_rebuild_parameter" or "_rebuild_parameter_with_state" }:
                    made = made.Argument(0) as PickleObject;
                    break;
                case { Module: "torch._tensor", Name: "_rebuild_from_type_v2" } or { Module: "torch.tensor", Name: "_rebuild_from_type" }:
                    made = new PickleObject(made.Argument(0), made.Argument(2));
                    break;
                default:
                    return null;
            }
        }

        return null;
    }

    /// <summary>Reads the elements in row-major order.</summary>
    /// <exception cref="FileFormatException">The file is cut, or the tensor repeats its storage so often that it would take too much memory.</exception>
    public NamedArray Read(string name)
    {
        FileReader file = Storage.File;
        long count = NamedArray.CountOf(Shape)!.Value;
        int size = Type.Size();
        if (count > Array.MaxLength || count * size > Inflation.Limit(file.Length))
        {
            throw new FileFormatException(
                file.Path, $"tensors of at most {Inflation.Limit(file.Length)} bytes", $"{FileFormatException.Quote(name)} {Type} {NamedArray.ShapeText(Shape)}");
        }

        file.Seek(Storage.Start + Offset * size);
        if (StridedCopy.IsRowMajor(Shape, Strides))
        {
            NamedArray array = NamedArray.Empty(name, Type, Shape, count);
            file.Read(array, Storage.BigEndian);
            return array;
        }

        long extent = Extent(Shape, Strides)!.Value;
        NamedArray elements = NamedArray.Empty(name, Type, [extent], extent);
        file.Read(elements, Storage.BigEndian);
        return StridedCopy.ToRowMajor(elements, name, Shape, Strides);
    }

    private static TorchTensor Of(PickleObject made, object? dtype, TorchStorages storages)
    {
        (TorchStorage storage, ElementType type, long elements) = storages.Get(made.Argument(0));
        if (dtype is not null)
        {
            type = TorchTypes.OfDType(dtype) ?? throw new FileFormatException(storages.Path, "a dtype of PyTorch that is known here", PickleText.Describe(dtype));
            elements = storage.Length / type.Size();
        }

        if (PickleConventions.AsInteger(made.Argument(1)) is not (>= 0 and var offset)
            || Sizes(made.Argument(2)) is not { } shape || Sizes(made.Argument(3)) is not { } strides || shape.Length != strides.Length)
            throw new FileFormatException(storages.Path, "the offset, sizes and strides of a tensor", "other values");
        bool empty = NamedArray.CountOf(shape) == 0;
        if (NamedArray.CountOf(shape) is null || Extent(shape, strides) is not { } extent || (!empty && (extent > elements || offset > elements - extent)))
        {
            throw new FileFormatException(
                storages.Path,
                $"a tensor within its storage of {elements} {type}",
                $"sizes {NamedArray.ShapeText(shape)} with strides {NamedArray.ShapeText(strides)} from {offset}");
        }

        return new TorchTensor(storage, type, shape, strides, empty ? 0 : offset);
    }

    /// <summary>Elements from the first to the last that a tensor uses, or null when strides are negative or they overflow.</summary>
    private static long? Extent(long[] shape, long[] strides)
    {
        long extent = 1;
        for (int i = 0; i < shape.Length; i++)
        {
            if (shape[i] == 0) return 0;
            if (strides[i] < 0 || (shape[i] > 1 && strides[i] > (long.MaxValue - extent) / (shape[i] - 1))) return null;
            extent += (shape[i] - 1) * strides[i];
        }

        return extent;
    }

    private static long[]? Sizes(object? value)
    {
        if (PickleConventions.AsItems(value) is not { } items || items.Count > NamedArray.MaxRank) return null;
        var sizes = new long[items.Count];
        for (int i = 0; i < sizes.Length; i++)
        {
            if (items[i] is not long size) return null;
            sizes[i] = size;
        }

        return sizes;
    }
}
