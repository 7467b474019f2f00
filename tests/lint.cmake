# Layout and lint, included when the compiler is Clang: clang-tidy reads Clang's compile commands, because it rejects
# GCC's options. One entry a part of the tree, so that CTest can run two at a time.
set(LINT ${PROJECT_SOURCE_DIR}/tests/lint.py)
add_test(NAME lint.format COMMAND python3 ${LINT} format)
set_tests_properties(lint.format PROPERTIES LABELS lint)
# Started first: they take longest.
function(primitive_tidy NAME PART SHARE)
    add_test(NAME lint.${NAME} COMMAND python3 ${LINT} tidy ${CMAKE_BINARY_DIR} ${PART} ${SHARE})
    set_tests_properties(lint.${NAME} PROPERTIES LABELS lint COST 1000)
endfunction()
primitive_tidy(tidy_mm mm 1/1)
foreach(NUMBER RANGE 1 4)
    primitive_tidy(tidy_kernel_${NUMBER} kernel ${NUMBER}/4)
endforeach()
