using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace WeightMem.Packages.Tests;

/// <summary>The public names of an assembly, one a line, in order: what a program built against it can depend on.</summary>
internal static class PublicApi
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<Type, string> s_words = new (Type Type, string Word)[]
    {
        (typeof(void), "void"), (typeof(bool), "bool"), (typeof(byte), "byte"), (typeof(sbyte), "sbyte"), (typeof(short), "short"), (typeof(ushort), "ushort"),
        (typeof(int), "int"), (typeof(uint), "uint"), (typeof(long), "long"), (typeof(ulong), "ulong"), (typeof(nint), "nint"), (typeof(nuint), "nuint"),
        (typeof(float), "float"), (typeof(double), "double"), (typeof(string), "string"), (typeof(object), "object"), (typeof(char), "char"),
    }.ToDictionary(w => w.Type, w => w.Word);

    public static string[] Of(Assembly assembly) => [.. assembly.GetExportedTypes().SelectMany(Lines).Order(StringComparer.Ordinal)];

    private static IEnumerable<string> Lines(Type type)
    {
        string name = Name(type);
        string[] bases = [.. (type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType) && parent != typeof(Enum) ? new[] { parent } : [])
            .Concat(type.GetInterfaces().Where(i => i.IsVisible).OrderBy(Name, StringComparer.Ordinal)).Select(Name)];
        yield return $"{name}: {Kind(type)}{(type.IsEnum || typeof(Delegate).IsAssignableFrom(type) || bases.Length == 0 ? "" : ", " + string.Join(", ", bases))}";
        foreach (FieldInfo field in type.GetFields(Declared).Where(f => (f.IsPublic || f.IsFamily || f.IsFamilyOrAssembly) && !f.IsSpecialName))
        {
            yield return field.IsLiteral
                ? $"{name}.{field.Name} = {Text(field.GetRawConstantValue())}: {(type.IsEnum ? "value" : "const " + Name(field.FieldType))}"
                : $"{name}.{field.Name}: {(field.IsStatic ? "static " : "")}{(field.IsInitOnly ? "readonly " : "")}{Name(field.FieldType)}";
        }

        foreach (PropertyInfo property in type.GetProperties(Declared))
        {
            string access = (IsSeen(property.GetMethod) ? " get;" : "") + (IsSeen(property.SetMethod) ? IsInit(property.SetMethod!) ? " init;" : " set;" : "");
            ParameterInfo[] index = property.GetIndexParameters();
            if (access.Length > 0) yield return $"{name}.{(index.Length == 0 ? property.Name : $"this[{Parameters(index)}]")}: {Modifiers(property.GetMethod ?? property.SetMethod!)}{Name(property.PropertyType)} {{{access} }}";
        }

        foreach (EventInfo happening in type.GetEvents(Declared).Where(e => IsSeen(e.AddMethod))) yield return $"{name}.{happening.Name}: event {Name(happening.EventHandlerType!)}";
        foreach (ConstructorInfo constructor in type.GetConstructors(Declared).Where(c => IsSeen(c) && !c.IsStatic)) yield return $"{name}({Parameters(constructor.GetParameters())})";
        foreach (MethodInfo method in type.GetMethods(Declared).Where(m => IsSeen(m) && (!m.IsSpecialName || m.Name.StartsWith("op_", StringComparison.Ordinal)) && !m.IsDefined(typeof(CompilerGeneratedAttribute))))
        {
            string of = method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(Name))}>" : "";
            yield return $"{name}.{method.Name}{of}({Parameters(method.GetParameters())}): {Modifiers(method)}{Name(method.ReturnType)}";
        }
    }

    private static string Kind(Type type) =>
        type.IsEnum ? $"enum {Name(Enum.GetUnderlyingType(type))}"
        : typeof(Delegate).IsAssignableFrom(type) ? $"delegate {Name(type.GetMethod("Invoke")!.ReturnType)}({Parameters(type.GetMethod("Invoke")!.GetParameters())})"
        : type.IsInterface ? "interface"
        : type.IsValueType ? "struct"
        : type.IsAbstract && type.IsSealed ? "static class"
        : (type.IsSealed ? "sealed " : type.IsAbstract ? "abstract " : "") + "class";

    private static bool IsSeen(MethodBase? method) => method is { IsPublic: true } or { IsFamily: true } or { IsFamilyOrAssembly: true };

    private static bool IsInit(MethodInfo setter) => setter.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit));

    private static string Modifiers(MethodInfo method) =>
        method.DeclaringType!.IsInterface && !method.IsStatic ? method.IsAbstract ? "" : "default "
        : (method.IsStatic ? method.IsDefined(typeof(ExtensionAttribute)) ? "extension " : method.DeclaringType is { IsAbstract: true, IsSealed: true } || method.Name.StartsWith("op_", StringComparison.Ordinal) ? "" : "static " : "")
            + (method.IsAbstract ? "abstract " : method.IsVirtual && !method.IsFinal && method.GetBaseDefinition() == method ? "virtual " : "");

    private static string Parameters(ParameterInfo[] parameters) => string.Join(", ", parameters.Select(p =>
        $"{(p.ParameterType.IsByRef ? p.IsOut ? "out " : p.IsIn ? "in " : "ref " : p.IsDefined(typeof(ParamArrayAttribute)) || p.IsDefined(typeof(ParamCollectionAttribute)) ? "params " : "")}{Name(p.ParameterType)} {p.Name}"
            + (p.HasDefaultValue ? $" = {Text(p.RawDefaultValue)}" : "")));

    private static string Name(Type type)
    {
        if (type.IsByRef) return Name(type.GetElementType()!);
        if (type.IsPointer) return Name(type.GetElementType()!) + "*";
        if (type.IsArray) return $"{Name(type.GetElementType()!)}[{new string(',', type.GetArrayRank() - 1)}]";
        if (type.IsGenericParameter || s_words.ContainsKey(type)) return s_words.GetValueOrDefault(type, type.Name);
        if (Nullable.GetUnderlyingType(type) is { } value) return Name(value) + "?";
        string full = (type.IsNested ? Name(type.DeclaringType!) : type.Namespace) + "." + type.Name.Split('`')[0];
        Type[] arguments = type.GetGenericArguments();
        int outer = type.IsNested ? type.DeclaringType!.GetGenericArguments().Length : 0;
        return arguments.Length == outer ? full : $"{full}<{string.Join(", ", arguments.Skip(outer).Select(Name))}>";
    }

    private static string Text(object? value) => value switch
    {
        null => "null",
        string text => $"\"{text.ReplaceLineEndings("\\n")}\"",
        bool truth => truth ? "true" : "false",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };
}
