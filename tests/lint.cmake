# Layout and lint, included when the compiler is Clang: clang-tidy reads Clang's compile commands, because it rejects
# GCC's options. One entry a part of the tree, so that CTest can run two at a time.
set(LINT ${PROJECT_SOURCE_DIR}/tests/lint.py)
add_test(NAME lint.format COMMAND python3 ${LINT} format)
foreach(PART mm kernel)
    add_test(NAME lint.tidy_${PART} COMMAND python3 ${LINT} tidy ${CMAKE_BINARY_DIR} ${PART})
endforeach()
set_tests_properties(lint.format lint.tidy_mm lint.tidy_kernel PROPERTIES LABELS lint)
